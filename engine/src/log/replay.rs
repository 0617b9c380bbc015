//! What a start learns from headers: producers above the last picture of them, and leader epochs
//! when their checkpoint is lost.
//!
//! Headers only; records are never read. Must not know who decides about producers.

use crate::record::{BatchHeader, Offset};

use super::error::LogError;
use super::names::{Holds, file_name};
use super::open::{Opening, read_small};
use super::producers::ProducerTable;
use super::recovery_table::{
    FileAction, ProducerFacts, ProducerSource, SnapshotFacts, decide_producers, decide_snapshot,
};
use super::scan::{Step, Walk};
use super::segment::Segment;
use super::snapshot;
use super::tidy::Listing;

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
    let place = window.map(|window| (window.fill.base, u64::from(window.fill.bytes)));
    for segment in opening.segments.values() {
        if segment.fill.next_offset <= from {
            continue;
        }
        let position = match place {
            Some((base, position)) if base == segment.fill.base => position,
            _ => 0,
        };
        headers(segment, position, |header| {
            if header.base_offset >= from {
                table.apply(header);
            }
        })
        .await?;
    }
    table.expire(crate::runtime::wall(), opening.config.producer_expiration_ms);
    Ok(table)
}

impl Opening<'_> {
    /// Leader epochs from all headers of the log.
    pub(super) async fn replay_epochs(&mut self) -> Result<(), LogError> {
        for segment in self.segments.values() {
            let epochs = &mut self.epochs;
            headers(segment, 0, |header| {
                let epoch = header.partition_leader_epoch;
                if epochs.latest().is_none_or(|last| epoch > last.epoch) {
                    epochs.assign(epoch, header.base_offset);
                }
            })
            .await?;
        }
        Ok(())
    }
}

/// The youngest sound snapshot within the log; all that are not needed are unlinked.
async fn pick_snapshot(
    opening: &Opening<'_>,
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

async fn headers(
    segment: &Segment,
    position: u64,
    mut each: impl FnMut(&BatchHeader),
) -> Result<(), LogError> {
    let range = position..u64::from(segment.fill.bytes);
    let fill = &segment.fill;
    let mut walk = Walk::headers(segment.file.clone(), range, fill.base, fill.next_offset);
    loop {
        let step = walk.next().await;
        match step.map_err(|error| LogError::io("read", segment.file.path(), error))? {
            Step::Batch(batch) => each(&batch.header),
            Step::End => return Ok(()),
            Step::Bad { position } => {
                let path = segment.file.path().to_path_buf();
                return Err(LogError::Corrupt { path, position, recovery_point: fill.next_offset });
            }
        }
    }
}
