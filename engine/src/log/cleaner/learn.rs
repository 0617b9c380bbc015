//! What a cleaning learns before it copies anything: where every key was written last, and which
//! transactions were aborted.
//!
//! The `.txnindex` files name those, and any of them may be lost. So where the index and the
//! markers disagree, or where a marker stands behind what is cleaned, the markers are asked.

use std::path::Path;

use super::aborted::{self, AbortedTransaction};
use super::error::CleanError;
use super::filter::FilterError;
use super::gather::{Gathered, gather};
use super::offset_map::OffsetMap;
use super::run::{CleanerSettings, CleaningInput};
use super::source::{Pieces, Source};
use super::survey::Survey;
use super::tempo::Tempo;
use super::transactions::Transactions;
use crate::log::names::{Holds, Name, parse};
use crate::record::Offset;
use crate::runtime::{Directory, EntryKind, on_worker, rng};

/// An index of aborted transactions larger than this is none.
const ABORTED_BYTES_MAX: usize = 64 << 20;

/// What was learned.
pub struct Learned {
    /// The last offset of every key.
    pub map: OffsetMap,
    /// The map speaks for what is below.
    pub end: Offset,
    /// Every aborted transaction that reaches into what is cleaned.
    pub aborted: Vec<AbortedTransaction>,
    /// Bytes read.
    pub bytes_read: u64,
}

/// A walk over the uncleaned part.
struct Gathering {
    map: OffsetMap,
    end: Offset,
    bytes_read: u64,
    /// Records of transactions were met whose marker was not.
    is_undecided: bool,
}

/// Who learns.
pub struct Learner<'a> {
    /// From what.
    pub input: &'a CleaningInput,
    /// With what.
    pub settings: CleanerSettings,
    /// How fast.
    pub tempo: &'a Tempo,
}

impl Learner<'_> {
    /// Learns from the index as far as that goes, else from the markers.
    pub async fn learn(&self) -> Result<Learned, CleanError> {
        let (mut aborted, is_sound) = read_aborted(&self.input.dir).await?;
        let first = if is_sound { self.try_index(&aborted).await? } else { None };
        let (unknown, mut bytes_read) = match first {
            Some(found) if !found.is_undecided => return Ok(found.with(aborted, 0)),
            Some(found) => {
                let (unknown, bytes_read) = self.survey(&aborted).await?;
                if unknown.is_empty() {
                    return Ok(found.with(aborted, bytes_read));
                }
                (unknown, bytes_read + found.bytes_read)
            }
            None => self.survey(&aborted).await?,
        };
        let path = self.input.dir.path().display();
        tracing::info!(%path, "the index of aborted transactions has gaps: the markers were asked");
        aborted.extend(unknown);
        let found = self.gather(&aborted).await?;
        bytes_read += found.bytes_read;
        Ok(Learned { map: found.map, end: found.end, aborted, bytes_read })
    }

    /// What the index alone says; `None` where a marker contradicts it.
    async fn try_index(
        &self,
        aborted: &[AbortedTransaction],
    ) -> Result<Option<Gathering>, CleanError> {
        match self.gather(aborted).await {
            Ok(found) => Ok(Some(found)),
            Err(CleanError::Filter(FilterError::NotIndexed(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The segments from the one on that holds the first uncleaned offset.
    fn dirty(&self) -> &[Source] {
        let from = self.input.first_dirty;
        let first = self.input.sources.partition_point(|source| source.size.base <= from);
        self.input.sources.get(first.saturating_sub(1)..).unwrap_or_default()
    }

    fn pieces(&self, sources: &[Source]) -> Pieces {
        let abandon = self.input.abandon.clone();
        Pieces::new(sources, self.settings.read_bytes, self.tempo.clone(), abandon)
    }

    async fn gather(&self, aborted: &[AbortedTransaction]) -> Result<Gathering, CleanError> {
        let mut seed = rng();
        let hash_key = (seed.next_u64(), seed.next_u64());
        let CleanerSettings { dedupe_bytes, load_factor, .. } = self.settings;
        let mut map = OffsetMap::new(dedupe_bytes, load_factor, hash_key);
        let mut walk = Transactions::new(aborted);
        let (from, limit) = (self.input.first_dirty, self.input.rules.decompressed_max);
        let mut pieces = self.pieces(self.dirty());
        while let Some(mut batches) = pieces.next().await? {
            let done = on_worker(move || {
                while let Some((header, batch)) = batches.next()? {
                    let all = gather(&header, &batch, from, limit, &mut walk, &mut map)?;
                    if all == Gathered::Full {
                        return Ok((map, walk, Gathered::Full));
                    }
                }
                Ok::<_, CleanError>((map, walk, Gathered::All))
            });
            let gathered;
            (map, walk, gathered) = done.await?;
            if gathered == Gathered::Full {
                // The map speaks for a part only; the rest is for the next cleaning.
                let end = map.latest().saturating_add(1);
                let (bytes_read, is_undecided) = (pieces.bytes_read(), walk.is_undecided());
                return Ok(Gathering { map, end, bytes_read, is_undecided });
            }
        }
        let end = self.input.end;
        map.advance(end.saturating_sub(1));
        let (bytes_read, is_undecided) = (pieces.bytes_read(), walk.is_undecided());
        Ok(Gathering { map, end, bytes_read, is_undecided })
    }

    /// Aborted transactions that only the markers know, and the bytes that were read for them.
    async fn survey(
        &self,
        known: &[AbortedTransaction],
    ) -> Result<(Vec<AbortedTransaction>, u64), CleanError> {
        let limit = self.input.rules.decompressed_max;
        let mut survey = Survey::default();
        let mut pieces = self.pieces(&[self.dirty(), &self.input.beyond].concat());
        while let Some(mut batches) = pieces.next().await? {
            let done = on_worker(move || {
                while let Some((header, batch)) = batches.next()? {
                    survey.on_batch(&header, &batch, limit);
                }
                Ok::<_, CleanError>(survey)
            });
            survey = done.await?;
            if survey.is_settled(self.input.end) {
                break;
            }
        }
        Ok((survey.unknown(known), pieces.bytes_read()))
    }
}

impl Gathering {
    fn with(self, aborted: Vec<AbortedTransaction>, bytes_read: u64) -> Learned {
        let bytes_read = self.bytes_read + bytes_read;
        Learned { map: self.map, end: self.end, aborted, bytes_read }
    }
}

/// Every aborted transaction that the directory's indexes name, and whether all of them could be
/// read.
async fn read_aborted(dir: &Directory) -> Result<(Vec<AbortedTransaction>, bool), CleanError> {
    let failed = |path: &Path, error| CleanError::io("read", path, error);
    let entries = dir.entries().await.map_err(|error| failed(dir.path(), error))?;
    let (mut all, mut is_sound) = (Vec::new(), true);
    for entry in entries.into_iter().filter(|entry| entry.kind == EntryKind::File) {
        if !matches!(parse(&entry.name), Name::Segment(_, Holds::TxnIndex)) {
            continue;
        }
        let path = dir.path().join(&entry.name);
        let bytes = match dir.read(&entry.name, ABORTED_BYTES_MAX).await {
            // Deleted meanwhile, with its segment.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            read => read.map_err(|error| failed(&path, error))?,
        };
        match aborted::decode(&bytes) {
            Ok(entries) => all.extend(entries),
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "index is damaged");
                is_sound = false;
            }
        }
    }
    Ok((all, is_sound))
}
