//! What the log dirs of a node are: the answer of `storage info`, in Kafka's words.
//!
//! Reads only, and takes no lock, so that it can be asked while the node runs.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::log_dir::{LogDirError, read_meta};
use super::meta_properties::{META_PROPERTIES, MetaProperties};
use crate::config::BrokerConfig;
use crate::runtime::Directory;

/// What was found. Its text is what `storage info` prints; with problems the command fails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogDirsInfo {
    /// Log dirs that exist, sorted.
    pub found: Vec<PathBuf>,
    /// Of the first that is formatted.
    pub meta: Option<MetaProperties>,
    /// What is wrong, one sentence each.
    pub problems: Vec<String>,
}

/// Looks at every log dir.
pub async fn describe_log_dirs(config: &BrokerConfig) -> LogDirsInfo {
    let mut info = LogDirsInfo::default();
    let mut paths = config.log_dirs.clone();
    paths.sort_unstable();
    for path in paths {
        let shown = path.display();
        match Directory::open(&path).await {
            Ok(directory) => {
                info.found.push(path);
                let meta = read_meta(&directory).await;
                info.take(&directory, meta);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                info.problems.push(format!("{shown} does not exist"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                info.problems.push(format!("{shown} is not a directory"));
            }
            Err(error) => info.problems.push(format!("{shown}: {error}")),
        }
    }
    info
}

impl LogDirsInfo {
    fn take(&mut self, directory: &Directory, meta: Result<Option<MetaProperties>, LogDirError>) {
        let path = directory.path();
        let problem = match (meta, &self.meta) {
            (Ok(None), _) => format!("{} is not formatted.", path.display()),
            (Err(LogDirError::BadMeta { why, .. }), _) => {
                format!("Error loading {}: {why}", path.join(META_PROPERTIES).display())
            }
            (Err(error), _) => error.to_string(),
            (Ok(Some(meta)), None) => {
                self.meta = Some(meta);
                return;
            }
            (Ok(Some(meta)), Some(before)) if before.cluster_id != meta.cluster_id => {
                "Mismatched cluster IDs between storage directories.".to_string()
            }
            (Ok(Some(meta)), Some(before)) if before.node_id != meta.node_id => {
                "Mismatched node IDs between storage directories.".to_string()
            }
            (Ok(Some(_)), Some(_)) => return,
        };
        self.problems.push(problem);
    }
}

impl fmt::Display for LogDirsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.found.is_empty() {
            let many = if self.found.len() == 1 { "directory" } else { "directories" };
            writeln!(f, "Found log {many}:")?;
            self.found.iter().try_for_each(|path| writeln!(f, "  {}", path.display()))?;
            writeln!(f)?;
        }
        if let Some(meta) = &self.meta {
            let entries = meta.entries();
            let entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{key}={value}")).collect();
            writeln!(f, "Found metadata: {{{}}}\n", entries.join(", "))?;
        }
        if !self.problems.is_empty() {
            let many = if self.problems.len() == 1 { "problem" } else { "problems" };
            writeln!(f, "Found {many}:")?;
            self.problems.iter().try_for_each(|problem| writeln!(f, "  {problem}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}
