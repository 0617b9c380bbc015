//! Taking a whole log away: its directory is renamed at once and removed later, as Kafka does.
//!
//! Core-local; the log is not used after.

use std::time::Duration;

use crate::record::Offset;
use crate::runtime::{Directory, random_uuid, sleep, spawn};

use super::error::LogError;
use super::log::Log;
use super::names::deleted_directory;

impl Log {
    /// Renames the directory to `<topic>-<partition>.<uuid>-delete`, durably, and removes it after
    /// `file.delete.delay.ms`. No change succeeds after this; readers keep what they have open.
    pub async fn delete(&self) -> Result<(), LogError> {
        let _held = self.upkeep.acquire().await;
        self.poisoned.set(true);
        self.state.borrow_mut().abandon_cleaning(Offset::MIN);
        let dir = self.directory();
        let Some((parent, name)) = dir.path().parent().zip(dir.path().file_name()) else {
            return Err(LogError::io("deletion", dir.path(), std::io::ErrorKind::NotFound.into()));
        };
        let name = name.to_string_lossy().into_owned();
        let renamed = deleted_directory(&name, random_uuid().as_u128());
        let work = async {
            let parent = Directory::open(parent).await?;
            parent.rename(&name, &renamed).await?;
            parent.sync().await?;
            let moved = Directory::open(&parent.path().join(&renamed)).await?;
            Ok((parent, moved))
        };
        let (parent, moved) =
            work.await.map_err(|error| LogError::io("deletion", dir.path(), error))?;
        *self.dir.borrow_mut() = moved;
        spawn(remove_later(parent, renamed, self.file_delete_delay()));
        Ok(())
    }
}

/// Removes what an earlier run had renamed but not removed yet: for the start of a log dir.
pub async fn remove_deleted(log_dir: &Directory, name: &str) -> Result<(), LogError> {
    let removed = log_dir.remove_tree(name).await;
    removed.map_err(|error| LogError::io("removal", log_dir.path().join(name), error))
}

async fn remove_later(parent: Directory, name: String, delay: Duration) {
    sleep(delay).await;
    if let Err(error) = remove_deleted(&parent, &name).await {
        tracing::warn!(%error, "deleted log is still there");
    }
}
