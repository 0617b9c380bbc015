//! The loops of a core: messages from other cores, events from the committers, deadlines.

use std::rc::Rc;

use super::message::ShardMessage;
use super::world::Shard;
use crate::commit::{CommitEvent, Committer};
use crate::runtime::{self, MeshEnd};

impl Shard {
    /// Starts everything that runs for as long as the core lives.
    pub(super) fn start_loops(self: &Rc<Self>, mesh: MeshEnd<ShardMessage>) {
        let shard = self.clone();
        runtime::spawn(async move { shard.on_messages(mesh).await });
        for dir in 0..self.committers.len() {
            let shard = self.clone();
            runtime::spawn(async move { shard.on_commits(dir).await });
        }
        let shard = self.clone();
        runtime::spawn(async move { shard.deadlines.run().await });
        let shard = self.clone();
        runtime::spawn(async move { shard.follow_images().await });
        let shard = self.clone();
        runtime::spawn(async move { shard.keep_house().await });
        let coordinators = self.coordinators.clone();
        runtime::spawn(async move { coordinators.run().await });
        let coordinators = self.coordinators.clone();
        runtime::spawn(async move { coordinators.follow_deletions().await });
    }

    async fn on_messages(self: Rc<Self>, mut mesh: MeshEnd<ShardMessage>) {
        while let Some(message) = mesh.recv().await {
            self.on_message(message);
        }
    }

    /// Appends are decided at once, in the order of the queue. What may touch the disk runs
    /// beside the loop.
    fn on_message(self: &Rc<Self>, message: ShardMessage) {
        let shard = self.clone();
        match message {
            ShardMessage::Produce { parts, acks, deadline, reply } => {
                self.append_here(parts, acks, deadline, reply);
            }
            ShardMessage::Fetch { parts, bytes_max, isolation, reply } => {
                runtime::spawn(async move {
                    reply.send(shard.read_here(parts, bytes_max, isolation).await);
                });
            }
            ShardMessage::Watch { places, reply } => self.watch_for(&places, reply),
            ShardMessage::Offsets { asks, isolation, reply } => {
                runtime::spawn(async move {
                    reply.send(shard.offsets_here(asks, isolation).await);
                });
            }
            ShardMessage::EpochEnds { asks, reply } => reply.send(self.epochs_here(&asks)),
            ShardMessage::Groups { asks } => self.ask_here(asks),
            ShardMessage::ListGroups { reply } => reply.send(self.coordinators.list()),
            ShardMessage::DeleteRecords { asks, deadline, reply } => {
                runtime::spawn(async move {
                    reply.send(shard.delete_here(asks, deadline).await);
                });
            }
            ShardMessage::DirtyLogs { reply } => {
                runtime::spawn(async move { reply.send(shard.dirty_logs().await) });
            }
            ShardMessage::HandOut { log, reply } => {
                runtime::spawn(async move { reply.send(shard.hand_out(log).await) });
            }
            ShardMessage::TakeBack { log, replacement, reply } => {
                runtime::spawn(async move { reply.send(shard.take_back(log, replacement).await) });
            }
            ShardMessage::CleaningEnded { log, end } => self.end_cleaning(log, end),
            ShardMessage::Facts { logs, reply } => {
                runtime::spawn(async move { reply.send(shard.facts_here(logs).await) });
            }
            ShardMessage::GroupFacts { offsets_max, reply } => {
                runtime::spawn(async move {
                    reply.send(shard.group_facts_here(offsets_max).await);
                });
            }
            ShardMessage::ImageChanged => self.image_changed.notify_one(),
            ShardMessage::Stop { reply } => {
                runtime::spawn(async move {
                    shard.stop().await;
                    reply.send(());
                    shard.closed.notify_one();
                });
            }
        }
    }

    async fn on_commits(self: Rc<Self>, dir: usize) {
        let Some(committer) = self.committers.get(dir).cloned() else { return };
        loop {
            self.on_commit(dir, &committer, committer.next_event().await);
        }
    }

    fn on_commit(&self, dir: usize, committer: &Rc<Committer>, event: CommitEvent) {
        match event {
            CommitEvent::Written { log, ends } | CommitEvent::Durable { log, ends } => {
                if let Ok(partition) = self.partition(log) {
                    partition.on_ends(ends);
                    self.coordinators.advanced(log);
                }
            }
            CommitEvent::Checkpointed { log, recovery_point } => {
                self.note(log, Some(recovery_point));
            }
            CommitEvent::Offline { why } => {
                self.shared.offline.mark(dir);
                tracing::error!(%why, dir, "serving no partition of this log dir any more");
                for (id, _) in committer.logs() {
                    if let Ok(partition) = self.partition(id) {
                        partition.on_failure();
                    }
                    self.coordinators.failed(id);
                }
            }
        }
    }
}
