//! Which topic a partition's directory belongs to, by its two witnesses.
//!
//! The window checkpoint, which has a checksum, knows better than `partition.metadata`, which has
//! none: a flipped bit there is a valid id of another topic. Must not know what follows from the
//! answer for the directory.

use std::io;

use uuid::Uuid;

use crate::metadata::LogId;
use crate::runtime::Directory;

use super::error::LogError;
use super::names::{PARTITION_METADATA, WINDOW_CHECKPOINT};
use super::open::CHECKPOINT_BYTES_MAX;
use super::partition_metadata;
use super::window::Window;

/// A file of two lines; what is larger is damaged.
const PARTITION_METADATA_BYTES_MAX: usize = 4096;

/// What `partition.metadata` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Missing,
    Damaged,
    Topic(Uuid),
}

impl Written {
    fn of(content: &[u8]) -> Written {
        let topic = partition_metadata::parse(&String::from_utf8_lossy(content));
        topic.map_or(Written::Damaged, Written::Topic)
    }

    fn topic(self) -> Option<Uuid> {
        match self {
            Written::Topic(topic) => Some(topic),
            Written::Missing | Written::Damaged => None,
        }
    }
}

/// The topic that a partition's directory belongs to; `None` when nothing in it tells. For a start,
/// before logs are opened.
pub async fn topic_of(dir: &Directory) -> io::Result<Option<Uuid>> {
    let window = match dir.read(WINDOW_CHECKPOINT, CHECKPOINT_BYTES_MAX).await {
        Ok(bytes) => Window::decode(&bytes).ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    match window {
        Some(window) => Ok(Some(window.topic)),
        None => Ok(written(dir).await?.topic()),
    }
}

/// Refuses a directory of another topic; writes `partition.metadata` where its `content` does not
/// say which topic this is.
pub(super) async fn check_topic(
    dir: &Directory,
    id: LogId,
    window: Option<&Window>,
    content: Option<&[u8]>,
) -> Result<(), LogError> {
    let path = dir.path().join(PARTITION_METADATA);
    let written = content.map_or(Written::Missing, Written::of);
    let known = window.map(|window| window.topic).or(written.topic());
    if let Some(found) = known.filter(|found| *found != id.topic) {
        let path = dir.path().to_path_buf();
        return Err(LogError::OtherTopic { path, found, expected: id.topic });
    }
    if written == Written::Topic(id.topic) {
        return Ok(());
    }
    if known.is_some() || written == Written::Damaged {
        tracing::warn!(file = %path.display(), found = ?written, "damaged and written anew");
    }
    let text = partition_metadata::text(id.topic).into_bytes();
    let done = dir.replace(PARTITION_METADATA, text).await;
    done.map_err(|error| LogError::io("replace", path, error))
}

async fn written(dir: &Directory) -> io::Result<Written> {
    let bytes = match dir.read(PARTITION_METADATA, PARTITION_METADATA_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Written::Missing),
        Err(error) => return Err(error),
    };
    Ok(Written::of(&bytes))
}
