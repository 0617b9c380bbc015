//! The two loops of a log: one writes what has queued up, one syncs what was written.
//!
//! Each runs while there is work and ends when there is none; it is never dropped half way, so a
//! ring operation always outlives its wait. Both take one of the log dir's K permits per
//! blocking operation. The next sync starts when the last one ends: under load each covers all
//! that was written meanwhile.

use std::rc::Rc;

use super::committer::{Committer, Entry};
use super::event::{Applied, Change, CommitEvent};
use super::queue::Step;
use crate::log::LogError;
use crate::metrics::CoreMetrics;
use crate::record::StampedBatch;
use crate::runtime::{
    self, Mono,
    planted::{Bug, is_planted},
};

/// Starts the write loop unless it runs.
pub(super) fn start_writing(committer: &Rc<Committer>, entry: &Rc<Entry>) {
    if entry.writing.replace(true) {
        return;
    }
    let (committer, entry) = (committer.clone(), entry.clone());
    runtime::spawn(async move {
        let outcome = write_all(&committer, &entry).await;
        entry.writing.set(false);
        if let Err(error) = outcome {
            failed(&committer, &entry, &error);
        }
    });
}

/// Starts the sync loop unless it runs.
pub(super) fn start_syncing(committer: &Rc<Committer>, entry: &Rc<Entry>) {
    if entry.syncing.replace(true) {
        return;
    }
    let (committer, entry) = (committer.clone(), entry.clone());
    runtime::spawn(async move {
        let outcome = sync_all(&committer, &entry).await;
        entry.syncing.set(false);
        if let Err(error) = outcome {
            failed(&committer, &entry, &error);
        }
    });
}

/// A deleted log takes no changes, which is no fault of its log dir; anything else is.
fn failed(committer: &Committer, entry: &Entry, error: &LogError) {
    let deleted = matches!(error, LogError::Poisoned { .. }) && committer.entry(entry.id).is_err();
    if !deleted {
        committer.fail(format!("{}: {error}", entry.log.path().display()));
    }
}

async fn write_all(committer: &Rc<Committer>, entry: &Rc<Entry>) -> Result<(), LogError> {
    loop {
        let step = entry.queue.borrow_mut().take(committer.settings.write_bytes_max);
        match step {
            None => return Ok(()),
            Some(Step::Append(batches)) => write_group(committer, entry, batches).await?,
            Some(Step::Change(change, done)) => {
                let applied = apply(committer, entry, change).await?;
                // The caller may have gone; the change holds all the same.
                let _ = done.send(applied);
            }
        }
        if committer.offline().is_some() {
            return Ok(());
        }
    }
}

async fn write_group(
    committer: &Rc<Committer>,
    entry: &Rc<Entry>,
    batches: Vec<StampedBatch>,
) -> Result<(), LogError> {
    let bytes: u64 = batches.iter().map(|batch| batch.bytes.len() as u64).sum();
    let count = batches.len() as u64;
    let permit = committer.blocking.acquire().await;
    let started = runtime::now();
    let is_one_step = is_one_step(committer, entry, bytes);
    if is_one_step {
        entry.log.append_synced(batches).await?;
        count_commit(&committer.metrics, (bytes, count), nanos_since(started));
    } else {
        entry.log.append(batches).await?;
        committer.metrics.write_time.record(nanos_since(started));
    }
    drop(permit);
    committer.wrote(bytes);
    if is_planted(Bug::EarlyAck) {
        entry.durable.set(entry.log.end_offset());
        committer.emit(CommitEvent::Durable { log: entry.id, ends: entry.ends() });
    }
    committer.metrics.bytes_appended.add(bytes);
    committer.metrics.batches_appended.add(count);
    let is_durable = is_one_step && entry.log.durable_end() >= entry.log.end_offset();
    if is_durable && committer.offline().is_none() {
        entry.durable.set(entry.log.durable_end());
        committer.emit(CommitEvent::Durable { log: entry.id, ends: entry.ends() });
    } else {
        let (unsynced_bytes, unsynced_batches) = entry.unsynced.get();
        entry.unsynced.set((unsynced_bytes + bytes, unsynced_batches + count));
        committer.emit(CommitEvent::Written { log: entry.id, ends: entry.ends() });
        start_syncing(committer, entry);
    }
    committer.dirty.borrow_mut().wrote(entry.id, bytes);
    start_checkpoint(committer);
    Ok(())
}

/// Whether a write that is synced at once costs less than a write and a sync: a small one with
/// nothing to wait for. A sync under way covers what is written meanwhile only with the next one,
/// so the two loops overlap then; a large group is better in the page cache while that is so.
fn is_one_step(committer: &Committer, entry: &Entry, bytes: u64) -> bool {
    let ends = entry.ends();
    bytes <= committer.settings.one_step_bytes_max
        && entry.flush_messages.get() == 1
        && !entry.syncing.get()
        && ends.written == ends.durable
        && !committer.settings.skip_sync
}

async fn apply(
    committer: &Rc<Committer>,
    entry: &Rc<Entry>,
    change: Change,
) -> Result<Applied, LogError> {
    match change {
        Change::Truncate { to } => {
            entry.log.truncate(to).await?;
            entry.durable.set(entry.durable.get().min(to));
        }
        Change::StartAt(offset) => entry.log.start_at(offset).await?,
        Change::Replace(replacement) => {
            if !entry.log.replace_segments(*replacement).await? {
                return Ok(Applied::Outdated);
            }
        }
        Change::Delete => {
            committer.forget(entry.id);
            entry.log.delete().await?;
        }
    }
    Ok(Applied::Done)
}

async fn sync_all(committer: &Rc<Committer>, entry: &Rc<Entry>) -> Result<(), LogError> {
    while sync_is_due(entry) && committer.offline().is_none() {
        entry.flush_asked.set(false);
        let permit = committer.blocking.acquire().await;
        let before = entry.durable.get();
        let group = entry.unsynced.take();
        let started = runtime::now();
        let end = if committer.settings.skip_sync {
            entry.log.end_offset()
        } else {
            entry.log.sync().await?
        };
        count_commit(&committer.metrics, group, nanos_since(started));
        drop(permit);
        if committer.offline().is_some() {
            return Ok(());
        }
        entry.durable.set(end.max(before));
        committer.emit(CommitEvent::Durable { log: entry.id, ends: entry.ends() });
    }
    Ok(())
}

/// A group of so many bytes and batches became durable. What another task wrote while the sync
/// began counts with the next one.
fn count_commit(metrics: &CoreMetrics, (bytes, batches): (u64, u64), nanos: u64) {
    metrics.commits.one();
    metrics.sync_bytes.add(bytes);
    metrics.commit_bytes.record(bytes);
    metrics.commit_batches.record(batches);
    metrics.commit_time.record(nanos);
}

fn nanos_since(started: Mono) -> u64 {
    runtime::now().as_nanos().saturating_sub(started.as_nanos())
}

fn sync_is_due(entry: &Entry) -> bool {
    let ends = entry.ends();
    let unsynced = ends.written - ends.durable;
    unsynced > 0 && (unsynced >= entry.flush_messages.get() || entry.flush_asked.get())
}

/// Starts checkpoints, one log at a time, while the uncovered tails exceed their budget.
fn start_checkpoint(committer: &Rc<Committer>) {
    if committer.checkpointing.get() {
        return;
    }
    let Some(id) = committer.dirty.borrow_mut().take_due() else { return };
    committer.checkpointing.set(true);
    let committer = committer.clone();
    runtime::spawn(async move {
        if let Ok(entry) = committer.entry(id) {
            match entry.log.checkpoint().await {
                Ok(recovery_point) => {
                    committer.emit(CommitEvent::Checkpointed { log: id, recovery_point });
                }
                Err(error) => failed(&committer, &entry, &error),
            }
        }
        committer.checkpointing.set(false);
        start_checkpoint(&committer);
    });
}
