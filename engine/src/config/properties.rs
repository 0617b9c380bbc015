//! `server.properties` and `--override key=value`: texts in, keys and values out.
//!
//! Reads Java's properties format (comments, continuation lines, escapes). Opens no file: whoever
//! may touch the file system hands over its bytes. Knows no key.

use std::collections::BTreeMap;

use super::error::ConfigError;

/// Names the file of measured settings.
pub const MEASURED_FILE_KEY: &str = "corelog.io.properties.file";

/// What such a file may hold: settings that depend on the data disks and on nothing else.
const DISK_KEYS: &[&str] =
    &["corelog.syncs.in.flight", "corelog.write.bytes.max", "log.cleaner.io.max.bytes.per.second"];

/// Keys and values as the operator gave them, before anything is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// True if a file was read: a node that has one is expected to be formatted by hand.
    pub has_file: bool,
    /// The cluster that an empty log dir is to belong to, where the environment names one.
    pub cluster_id: Option<String>,
    /// Last one wins, overrides over the file.
    pub entries: BTreeMap<String, String>,
}

impl Given {
    /// Reads the bytes of a properties file; `file` is its name for error messages.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] with the line where reading stopped.
    pub fn from_file(file: &str, content: &[u8]) -> Result<Given, ConfigError> {
        let mut entries = BTreeMap::new();
        java_properties::PropertiesIter::new(content)
            .read_into(|key, value| {
                entries.insert(key, value.trim_end().to_string());
            })
            .map_err(|error| ConfigError::Syntax {
                file: file.to_string(),
                line: error.line_number().unwrap_or(0),
                why: error.to_string(),
            })?;
        Ok(Given { has_file: true, cluster_id: None, entries })
    }

    /// Puts one `key=value` of the command line over what is there.
    ///
    /// # Errors
    /// [`ConfigError::Override`] when there is no key or no equals sign.
    pub fn put(&mut self, override_text: &str) -> Result<(), ConfigError> {
        match override_text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                self.entries.insert(key.trim().to_string(), value.trim().to_string());
                Ok(())
            }
            Some(_) | None => Err(ConfigError::Override { given: override_text.to_string() }),
        }
    }

    /// Takes from a file of measured settings what nobody gave: what stands here wins.
    ///
    /// # Errors
    /// [`ConfigError::Misplaced`] for a key that is no setting of a disk: a second place for
    /// anything else would only hide it.
    pub fn put_beneath(&mut self, file: &str, measured: Given) -> Result<(), ConfigError> {
        for (key, value) in measured.entries {
            if !DISK_KEYS.contains(&key.as_str()) {
                let valid = DISK_KEYS.join(", ");
                return Err(ConfigError::Misplaced { file: file.to_string(), key, valid });
            }
            self.entries.entry(key).or_insert(value);
        }
        Ok(())
    }

    /// The value of a key, trimmed; `None` when it was not given.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(|value| value.trim())
    }
}
