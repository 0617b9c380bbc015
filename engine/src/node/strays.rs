//! Partition directories that the metadata does not know: set aside at start, never served.
//!
//! Left behind when power failed between a topic's deletion and that of its files, or when a
//! topic was deleted and created again. Kafka renames them to `-stray`, and so do we: what was
//! not asked for is not destroyed. Directories already named `-delete` go.

use super::start::NodeError;
use uuid::Uuid;

use crate::log;
use crate::metadata::{CLUSTER_METADATA_TOPIC, Image, LogId};
use crate::runtime::{Directory, EntryKind};
use crate::shard::LogDir;

/// What to do with a directory in a log dir. Pure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Part of the image, or not ours to judge.
    Keep,
    /// The deletion was under way: finish it.
    Remove,
    /// A partition that the metadata does not know.
    SetAside,
}

fn fate(name: &str, topic_id: Option<Uuid>, image: &Image) -> Fate {
    if log::is_deleted_directory(name) {
        return Fate::Remove;
    }
    match log::parse_directory(name) {
        None => Fate::Keep,
        Some((CLUSTER_METADATA_TOPIC, _)) => Fate::Keep,
        Some((topic, partition)) => {
            let Some(known) = image.topic(topic) else { return Fate::SetAside };
            let same_topic = topic_id.is_none_or(|id| id == known.id);
            let log = LogId { topic: known.id, partition };
            if same_topic && image.partition(log).is_some() { Fate::Keep } else { Fate::SetAside }
        }
    }
}

/// Sets strays aside and finishes deletions, before any log is opened.
pub(super) async fn sweep(dirs: &[LogDir], image: &Image) -> Result<(), NodeError> {
    for dir in dirs {
        let swept = sweep_dir(dir, image).await;
        swept.map_err(|error| NodeError::Dir { path: dir.path.clone(), error })?;
    }
    Ok(())
}

async fn sweep_dir(dir: &LogDir, image: &Image) -> std::io::Result<()> {
    let directory = Directory::open(&dir.path).await?;
    for entry in directory.entries().await? {
        if entry.kind != EntryKind::Directory {
            continue;
        }
        let partition = Directory::open(&dir.path.join(&entry.name)).await?;
        match fate(&entry.name, log::topic_of(&partition).await?, image) {
            Fate::Keep => {}
            Fate::Remove => directory.remove_tree(&entry.name).await?,
            Fate::SetAside => {
                let to = format!("{}-stray", entry.name);
                tracing::warn!(dir = %entry.name, %to, "unknown to the metadata: set aside");
                directory.rename(&entry.name, &to).await?;
                directory.sync().await?;
            }
        }
    }
    Ok(())
}
