//! What a start learns from headers: producers above the last picture of them, and leader epochs
//! when their checkpoint is lost.
//!
//! Headers only; records are never read. Must not know who decides about producers.

use std::sync::Arc;

use crate::record::{BatchHeader, LeaderEpoch, Offset};
use crate::runtime::SegmentFile;

use super::epochs::EpochCache;
use super::error::{LogError, ReadError};
use super::fill::Fill;
use super::log::Log;
use super::names::{Holds, file_name};
use super::open::read_small;
use super::opening::Opening;
use super::producers::ProducerTable;
use super::read::View;
use super::recovery_table::{
    FileAction, ProducerFacts, ProducerSource, SnapshotFacts, decide_producers, decide_snapshot,
};
use super::scan::{Step, Walk};
use super::snapshot;
use super::tidy::Listing;
use super::window::Window;

/// The producers at the log's end. Snapshots that are of no use any more go.
pub(super) async fn producers(
    opening: &mut Opening<'_>,
    listing: &Listing,
) -> Result<ProducerTable, LogError> {
    let end = opening.end();
    let newest = pick_snapshot(opening, listing, end).await?;
    let window = opening.window.take_if(|window| {
        // A window above the end was written for another history of this directory.
        window.recovery_point > end
    });
    drop(window);
    let window = opening.window.as_ref();
    let facts = ProducerFacts { window: window.is_some(), snapshot: newest.is_some() };
    let (mut table, from) = match (decide_producers(facts), window, newest) {
        (ProducerSource::Window, Some(window), _) => {
            (window.producers.clone(), window.recovery_point)
        }
        (ProducerSource::Snapshot, _, Some((offset, table))) => (table, offset),
        _ => (ProducerTable::default(), Offset::MIN),
    };
    if let Some(window) = window {
        restore_snapshot(opening, window, listing).await?;
    }
    let place = window.map(|window| (window.fill.base, u64::from(window.fill.bytes)));
    for segment in opening.segments.values() {
        if segment.fill.next_offset <= from {
            continue;
        }
        let position = match place {
            Some((base, position)) if base == segment.fill.base => position,
            _ => 0,
        };
        walk_headers(&segment.file, &segment.fill, position, |header| {
            if header.base_offset >= from {
                table.apply(header);
            }
        })
        .await?;
    }
    table.expire(crate::runtime::wall(), opening.config.producer_expiration_ms);
    Ok(table)
}

/// A roll writes the window checkpoint and then the snapshot; a crash may have come in between.
async fn restore_snapshot(
    opening: &Opening<'_>,
    window: &Window,
    listing: &Listing,
) -> Result<(), LogError> {
    let base = window.fill.base;
    let missing = listing.bytes(base, Holds::Snapshot).is_none();
    if !missing || window.recovery_point != base || !opening.segments.contains_key(&base) {
        return Ok(());
    }
    let name = file_name(base, Holds::Snapshot);
    let done = opening.dir.replace(&name, snapshot::encode(&window.producers)).await;
    done.map_err(|error| LogError::io("replace", opening.dir.path().join(name), error))
}

impl Opening<'_> {
    /// Leader epochs from all headers of the log.
    pub(super) async fn replay_epochs(&mut self) -> Result<(), LogError> {
        for segment in self.segments.values() {
            let epochs = &mut self.epochs;
            walk_headers(&segment.file, &segment.fill, 0, |header| note_epoch(epochs, header))
                .await?;
        }
        Ok(())
    }
}

impl Log {
    /// Looks whether the batches where epochs begin are of those epochs. The checkpoint is a text
    /// without a checksum; one that contradicts the log is made anew from all headers.
    pub(super) async fn verify_epochs(&self) -> Result<(), LogError> {
        let failed = |error| LogError::Io {
            action: "looking up epochs",
            path: self.path(),
            source: std::io::Error::other(error),
        };
        let starts = self.epochs().starts().to_vec();
        let mut earlier = None;
        let mut holds = true;
        for entry in &starts {
            let here = self.epoch_at(entry.start).await.map_err(failed)?;
            let before = self.epoch_at(entry.start - 1).await.map_err(failed)?;
            holds &= here.is_none_or(|epoch| epoch == entry.epoch);
            holds &= before.is_none() || before == earlier;
            earlier = Some(entry.epoch);
        }
        let (start, end) = (self.start_offset(), self.end_offset());
        let covered = starts.first().is_some_and(|first| first.start <= start);
        if holds && (covered || start == end) {
            return Ok(());
        }
        let mut epochs = EpochCache::default();
        let views: Vec<View> = {
            let state = self.state.borrow();
            state.segments.values().map(|segment| segment.view()).collect()
        };
        for view in views {
            walk_headers(&view.file, &view.fill, 0, |header| note_epoch(&mut epochs, header))
                .await?;
        }
        epochs.truncate_start(start);
        if self.epochs() == epochs {
            return Ok(());
        }
        tracing::warn!(log = %self.path().display(), "leader epochs contradict the log: made anew");
        self.state.borrow_mut().epochs = epochs;
        self.write_epochs().await
    }

    /// Epoch of the batch that holds an offset; `None` outside the log, and where compaction left
    /// no batch.
    async fn epoch_at(&self, offset: Offset) -> Result<Option<LeaderEpoch>, ReadError> {
        if offset < self.start_offset() || offset >= self.end_offset() {
            return Ok(None);
        }
        let Some(view) = self.state.borrow().segment_of(offset).map(|segment| segment.view())
        else {
            return Ok(None);
        };
        let batch = self.locate(&view, None, offset).await?;
        let holder = batch.filter(|batch| batch.header.base_offset <= offset);
        Ok(holder.map(|batch| batch.header.partition_leader_epoch))
    }
}

fn note_epoch(epochs: &mut EpochCache, header: &BatchHeader) {
    let epoch = header.partition_leader_epoch;
    if epochs.latest().is_none_or(|last| epoch > last.epoch) {
        epochs.assign(epoch, header.base_offset);
    }
}

/// The youngest sound snapshot within the log; all that are not needed are unlinked. For a damaged
/// one the next close writes another.
async fn pick_snapshot(
    opening: &mut Opening<'_>,
    listing: &Listing,
    end: Offset,
) -> Result<Option<(Offset, ProducerTable)>, LogError> {
    let mut newest = None;
    for offset in listing.of(Holds::Snapshot).into_iter().rev() {
        let name = file_name(offset, Holds::Snapshot);
        let mut facts = SnapshotFacts {
            at_segment: opening.segments.contains_key(&offset),
            youngest: newest.is_none() && offset <= end,
            beyond_end: offset > end,
            damaged: false,
        };
        if facts.youngest {
            let bytes = read_small(&opening.dir, &name).await?.unwrap_or_default();
            match snapshot::decode(&bytes) {
                Ok(table) => newest = Some((offset, table)),
                Err(error) => {
                    let file = opening.dir.path().join(&name);
                    tracing::warn!(file = %file.display(), %error, "producer snapshot is damaged");
                    facts.damaged = true;
                    opening.as_closed = false;
                }
            }
        }
        if decide_snapshot(facts) == FileAction::Unlink {
            match opening.dir.unlink(&name).await {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                done => done.map_err(|error| LogError::io("unlink", name.as_str(), error))?,
            }
        }
    }
    Ok(newest)
}

async fn walk_headers(
    file: &Arc<SegmentFile>,
    fill: &Fill,
    position: u64,
    mut each: impl FnMut(&BatchHeader),
) -> Result<(), LogError> {
    let range = position..u64::from(fill.bytes);
    let mut walk = Walk::headers(file.clone(), range, fill.base, fill.next_offset);
    loop {
        let step = walk.next().await;
        match step.map_err(|error| LogError::io("read", file.path(), error))? {
            Step::Batch(batch) => each(&batch.header),
            Step::End => return Ok(()),
            Step::Bad { position } => {
                let path = file.path().to_path_buf();
                return Err(LogError::Corrupt { path, position, recovery_point: fill.next_offset });
            }
        }
    }
}
