//! What the outside may see of running cores: what they share, how much waits for them, and what
//! they tell of their partitions and groups when asked.
//!
//! Numbers of a partition are plain cells of its owner core, copied when somebody asks through the
//! mesh: keeping an atomic for each of them up to date would cost every append, and a page is rare.
//! A question is about a few hundred partitions at most, and the core gives way while it answers.
//! `Clone + Send`; any thread but a core's.

use std::sync::Arc;

use super::facts::PartitionFacts;
use super::message::ShardMessage;
use super::world::ShardShared;
use crate::group::coordinator::GroupFacts;
use crate::metadata::{LogId, owner_core};
use crate::runtime::{self, CoreId, MeshSender};

/// Partitions that one question is about, over all cores.
const PORTION: usize = 512;

/// A view of the running cores.
#[derive(Clone)]
pub struct Observer {
    shared: Arc<ShardShared>,
    to_cores: MeshSender<ShardMessage>,
}

impl Observer {
    /// Over what the cores share, and the way to them.
    pub fn new(shared: Arc<ShardShared>, to_cores: MeshSender<ShardMessage>) -> Observer {
        Observer { shared, to_cores }
    }

    /// What the cores share.
    pub fn shared(&self) -> &Arc<ShardShared> {
        &self.shared
    }

    /// Messages that stand in the inbox of each core, by core number.
    pub fn waiting_messages(&self) -> Vec<usize> {
        (0..self.shared.cores).map(|core| self.to_cores.depth(CoreId(core))).collect()
    }

    /// What there is to tell of `logs`, in no order; those that no core has are left out. Waits for
    /// the cores.
    pub async fn partitions(&self, logs: &[LogId]) -> Vec<PartitionFacts> {
        let mut facts = Vec::with_capacity(logs.len());
        for portion in logs.chunks(PORTION) {
            let mut answers = Vec::new();
            for core in (0..self.shared.cores).map(CoreId) {
                let owned = |log: &LogId| owner_core(*log, self.shared.cores) == core;
                let logs: Vec<LogId> = portion.iter().copied().filter(owned).collect();
                let (reply, answer) = runtime::reply();
                // A core that has stopped drops the question.
                let _ = self.to_cores.send(core, ShardMessage::Facts { logs, reply }).await;
                answers.push(answer);
            }
            for answer in answers {
                facts.extend(answer.await.unwrap_or_default());
            }
        }
        facts
    }

    /// What there is to tell of every group, with at most `offsets_max` committed offsets on each
    /// core. Waits for the cores.
    pub async fn groups(&self, offsets_max: usize) -> Vec<GroupFacts> {
        let mut facts = Vec::new();
        for core in (0..self.shared.cores).map(CoreId) {
            let (reply, answer) = runtime::reply();
            let question = ShardMessage::GroupFacts { offsets_max, reply };
            let _ = self.to_cores.send(core, question).await;
            facts.extend(answer.await.unwrap_or_default());
        }
        facts
    }

    /// The log dirs that are offline, by their place in `log.dirs`.
    pub fn offline_dirs(&self) -> impl Iterator<Item = usize> {
        (0..self.shared.dirs.len()).filter(|dir| self.shared.offline.is_offline(*dir))
    }
}
