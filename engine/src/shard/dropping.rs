//! From image to partitions, the other way: what a core drops when a topic is deleted.
//!
//! The directory is renamed by the committer, behind the appends before it; until then nobody else
//! opens a log of that name (see `claims`).

use std::collections::BTreeSet;
use std::rc::Rc;

use super::world::{CheckpointNote, Shard, Slot};
use crate::commit::Change;
use crate::log;
use crate::metadata::LogId;
use crate::partition::Role;
use crate::runtime::{self, Directory};

impl Shard {
    /// Drops every partition of this core that is not in `keep`.
    pub(super) fn drop_others(self: &Rc<Self>, keep: &BTreeSet<LogId>) {
        let mut gone = Vec::new();
        self.slots.borrow_mut().retain(|id, slot| {
            let kept = keep.contains(id);
            if !kept {
                gone.push((*id, slot.clone()));
            }
            kept
        });
        for (id, slot) in gone {
            self.coordinators.end(id);
            if let Some(partition) = &slot.partition {
                partition.on_role(Role::Offline);
            }
            let shard = self.clone();
            runtime::spawn(async move { shard.delete(id, slot).await });
        }
    }

    async fn delete(&self, id: LogId, slot: Slot) {
        let committer = &self.committers[slot.dir];
        match committer.change(id, Change::Delete) {
            // An error: the log dir went offline, its files stay as they are.
            Ok(ticket) => drop(ticket.await),
            Err(_) => self.rename_unopened(&slot).await,
        }
        self.shared.claims.release(&slot.place());
        let (dir, name) = (slot.dir, slot.name);
        // A closed channel means that the node is past its last checkpoint.
        let _ = self.shared.checkpoints.send(CheckpointNote::Gone { dir, name });
    }

    /// A log that could not be opened has no committer to rename it. The next start removes it.
    async fn rename_unopened(&self, slot: &Slot) {
        let parent = &self.shared.dirs[slot.dir].path;
        let name = slot.directory_name();
        let renamed = log::deleted_directory(&name, runtime::random_uuid().as_u128());
        let work = async {
            let parent = Directory::open(parent).await?;
            parent.rename(&name, &renamed).await?;
            parent.sync().await
        };
        if let Err(error) = work.await {
            tracing::warn!(%error, %name, "deleted partition is still there");
        }
    }
}
