//! Offset checkpoints of a log dir, in Kafka's text format: recovery points, log starts, high
//! watermarks, cleaner points.
//!
//!     0                 version
//!     2                 number of lines that follow
//!     topic 0 4711      topic, partition, offset
//!     topic 1 0
//!
//! Reading is tolerant: a checkpoint only says how much work a start may skip, so a damaged one
//! counts as missing. Writing replaces the file in one step. Must not know logs. Runs anywhere.

use std::collections::BTreeMap;
use std::io;

use crate::record::Offset;
use crate::runtime::Directory;

/// Everything below is on stable storage.
pub const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
/// First offset that may be read.
pub const LOG_STARTS: &str = "log-start-offset-checkpoint";
/// Everything below was cleaned.
pub const CLEANER_POINTS: &str = "cleaner-offset-checkpoint";
/// High watermarks.
pub const HIGH_WATERMARKS: &str = "replication-offset-checkpoint";

/// A checkpoint larger than this is not one: about a million partitions.
const CHECKPOINT_BYTES_MAX: usize = 64 << 20;

/// Offsets by topic and partition.
pub type Offsets = BTreeMap<(String, i32), Offset>;

/// Why a checkpoint's text is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not version 0.
    #[error("version {found:?} instead of 0")]
    Version {
        /// First line of the file.
        found: String,
    },
    /// A line that says nothing.
    #[error("malformed line {line:?}")]
    Malformed {
        /// The line.
        line: String,
    },
    /// Fewer or more lines than announced.
    #[error("{found} lines instead of {announced}")]
    Count {
        /// What the second line says.
        announced: usize,
        /// What follows.
        found: usize,
    },
}

/// Reads one of the checkpoints of a log dir; empty when it is missing or damaged (which is
/// logged).
pub async fn read(log_dir: &Directory, name: &str) -> io::Result<Offsets> {
    let bytes = match log_dir.read(name, CHECKPOINT_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Offsets::new()),
        Err(error) => return Err(error),
    };
    let text = String::from_utf8_lossy(&bytes);
    Ok(parse(&text).unwrap_or_else(|error| {
        let file = log_dir.path().join(name);
        tracing::warn!(file = %file.display(), %error, "checkpoint is damaged and will be rebuilt");
        Offsets::new()
    }))
}

/// Replaces one of the checkpoints of a log dir; durable when this returns.
pub async fn write(log_dir: &Directory, name: &str, offsets: &Offsets) -> io::Result<()> {
    log_dir.replace(name, text(offsets).into_bytes()).await
}

/// Reads a checkpoint's text.
pub fn parse(text: &str) -> Result<Offsets, CheckpointError> {
    let mut offsets = Offsets::new();
    for line in read_lines(text)? {
        let malformed = || CheckpointError::Malformed { line: line.to_owned() };
        let words: Vec<&str> = line.split_whitespace().collect();
        let [topic, partition, offset] = words[..] else { return Err(malformed()) };
        let partition = partition.parse().map_err(|_| malformed())?;
        let offset = offset.parse().map_err(|_| malformed())?;
        offsets.insert((topic.to_owned(), partition), offset);
    }
    Ok(offsets)
}

/// A checkpoint's text.
pub fn text(offsets: &Offsets) -> String {
    write_lines(
        offsets.iter().map(|((topic, partition), offset)| format!("{topic} {partition} {offset}")),
    )
}

/// The lines after version and count. An empty file has none.
pub(super) fn read_lines(text: &str) -> Result<Vec<&str>, CheckpointError> {
    let mut lines = text.lines();
    match lines.next() {
        None => return Ok(Vec::new()),
        Some("0") => {}
        Some(found) => return Err(CheckpointError::Version { found: found.to_owned() }),
    }
    let Some(count) = lines.next() else { return Ok(Vec::new()) };
    let announced =
        count.parse().map_err(|_| CheckpointError::Malformed { line: count.to_owned() })?;
    let lines: Vec<&str> = lines.collect();
    if lines.len() != announced {
        return Err(CheckpointError::Count { announced, found: lines.len() });
    }
    Ok(lines)
}

pub(super) fn write_lines(lines: impl ExactSizeIterator<Item = String>) -> String {
    let mut text = format!("0\n{}\n", lines.len());
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_kafkas_and_reads_back() {
        let mut offsets = Offsets::new();
        offsets.insert(("b".to_owned(), 1), 5);
        offsets.insert(("a".to_owned(), 0), 7);
        assert_eq!(text(&offsets), "0\n2\na 0 7\nb 1 5\n");
        assert_eq!(parse(&text(&offsets)), Ok(offsets));
    }

    #[test]
    fn damage_is_named() {
        assert_eq!(parse(""), Ok(Offsets::new()));
        assert_eq!(parse("0\n2\na 0 7\n"), Err(CheckpointError::Count { announced: 2, found: 1 }));
        assert!(matches!(parse("7\n0\n"), Err(CheckpointError::Version { .. })));
        assert!(matches!(parse("0\n1\na zero 7\n"), Err(CheckpointError::Malformed { .. })));
    }
}
