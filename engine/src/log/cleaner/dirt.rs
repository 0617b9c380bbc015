//! How much of a log is uncleaned, and whether it is time to clean it: numbers in, numbers out.
//!
//! The arithmetic is Kafka's, so that `min.cleanable.dirty.ratio` means the same. Pure; the clock
//! is an argument.

use crate::record::Offset;

/// What the decision needs of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentFacts {
    /// Its first offset.
    pub base: Offset,
    /// Its size.
    pub bytes: u64,
    /// Timestamp of its first batch, Unix milliseconds; not above 0 when there is none.
    pub first_ms: i64,
    /// Its youngest record, Unix milliseconds.
    pub youngest_ms: i64,
}

/// What the decision needs of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFacts {
    /// All segments in order; the last one is being written to.
    pub segments: Vec<SegmentFacts>,
    /// First offset.
    pub start: Offset,
    /// Offset of the next record.
    pub end: Offset,
    /// Everything below was cleaned, as far as that is known.
    pub cleaned: Option<Offset>,
    /// Everything below is committed and belongs to no open transaction.
    pub stable: Offset,
}

/// What the topic asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wishes {
    /// `min.cleanable.dirty.ratio`.
    pub min_ratio: f64,
    /// `min.compaction.lag.ms`.
    pub min_lag_ms: i64,
    /// `max.compaction.lag.ms`.
    pub max_lag_ms: i64,
}

/// How dirty a log is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dirt {
    /// Everything below was cleaned.
    pub first_dirty: Offset,
    /// Base offset of the first segment that stays as it is.
    pub first_uncleanable: Offset,
    /// Bytes of segments that begin below `first_dirty`.
    pub clean_bytes: u64,
    /// Bytes of segments that would be cleaned for the first time.
    pub cleanable_bytes: u64,
    /// A record has waited for `max.compaction.lag.ms` or longer.
    pub is_overdue: bool,
    min_ratio: f64,
}

impl Dirt {
    /// Part of the log that is uncleaned, of what can be cleaned.
    pub fn ratio(&self) -> f64 {
        let all = self.clean_bytes + self.cleanable_bytes;
        if all == 0 { 0.0 } else { self.cleanable_bytes as f64 / all as f64 }
    }

    /// Whether the log should be cleaned now.
    pub fn is_due(&self) -> bool {
        let has_bytes = self.cleanable_bytes > 0;
        has_bytes && (self.is_overdue || self.ratio() > self.min_ratio)
    }
}

/// Measures a log.
pub fn measure(log: &LogFacts, wishes: &Wishes, now_ms: i64) -> Dirt {
    let active = log.segments.last().map_or(log.end, |last| last.base);
    // What lies outside of the log was written for another history of it.
    let cleaned = log.cleaned.filter(|cleaned| (log.start..=log.end).contains(cleaned));
    let first_dirty = cleaned.unwrap_or(log.start);
    let dirty = between(&log.segments, first_dirty, active);
    let too_young = dirty
        .iter()
        .find(|segment| segment.youngest_ms > now_ms.saturating_sub(wishes.min_lag_ms))
        .filter(|_| wishes.min_lag_ms > 0)
        .map_or(active, |segment| segment.base);
    let limit = log.stable.min(active).min(too_young).max(first_dirty);
    let first_uncleanable = match between(&log.segments, limit, active).first() {
        Some(segment) if limit < active => segment.base,
        _ => active,
    };
    let due_before = now_ms.saturating_sub(wishes.max_lag_ms.max(0));
    let oldest = dirty.iter().map(|segment| segment.first_ms).filter(|first| *first > 0).min();
    let bytes = |segments: &[SegmentFacts]| segments.iter().map(|segment| segment.bytes).sum();
    let clean = log.segments.iter().take_while(|segment| segment.base < first_dirty);
    Dirt {
        first_dirty,
        first_uncleanable,
        clean_bytes: clean.map(|segment| segment.bytes).sum(),
        cleanable_bytes: bytes(between(
            &log.segments,
            first_dirty.min(first_uncleanable),
            first_uncleanable,
        )),
        is_overdue: oldest.is_some_and(|oldest| oldest < due_before),
        min_ratio: wishes.min_ratio,
    }
}

/// The segments from the one that holds `from` on that begin below `to`; none when the two meet.
pub fn between(segments: &[SegmentFacts], from: Offset, to: Offset) -> &[SegmentFacts] {
    if from >= to {
        return &[];
    }
    let first = segments.partition_point(|segment| segment.base <= from).saturating_sub(1);
    let end = segments.partition_point(|segment| segment.base < to);
    segments.get(first..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments at 0, 100, 200 and 300, the last one active, of 1000 bytes, a day each.
    fn log() -> LogFacts {
        let segment = |day: i64| SegmentFacts {
            base: day * 100,
            bytes: 1000,
            first_ms: day * 1000 + 1,
            youngest_ms: day * 1000 + 999,
        };
        let segments = (0..4).map(segment).collect();
        LogFacts { segments, start: 0, end: 350, cleaned: None, stable: 350 }
    }

    const WISHES: Wishes = Wishes { min_ratio: 0.5, min_lag_ms: 0, max_lag_ms: i64::MAX };

    #[test]
    fn the_active_segment_and_what_is_not_stable_stay_as_they_are() {
        let dirt = measure(&log(), &WISHES, 9_000);
        assert_eq!((dirt.first_dirty, dirt.first_uncleanable), (0, 300));
        assert_eq!((dirt.clean_bytes, dirt.cleanable_bytes), (0, 3000));
        assert!(dirt.is_due() && !dirt.is_overdue);
        let dirt = measure(&LogFacts { stable: 250, ..log() }, &WISHES, 9_000);
        assert_eq!((dirt.first_uncleanable, dirt.cleanable_bytes), (200, 2000));
        let dirt = measure(&LogFacts { stable: 0, ..log() }, &WISHES, 9_000);
        assert_eq!((dirt.first_uncleanable, dirt.cleanable_bytes), (0, 0));
        assert!(!dirt.is_due());
    }

    #[test]
    fn a_log_is_due_above_its_ratio() {
        let at = |cleaned| measure(&LogFacts { cleaned: Some(cleaned), ..log() }, &WISHES, 9_000);
        assert_eq!((at(100).ratio(), at(100).is_due()), (2000.0 / 3000.0, true));
        assert_eq!((at(200).ratio(), at(200).is_due()), (1000.0 / 3000.0, false));
        assert_eq!((at(300).ratio(), at(300).is_due()), (0.0, false));
        let always = Wishes { min_ratio: 0.0, ..WISHES };
        let log = LogFacts { cleaned: Some(300), ..log() };
        assert!(!measure(&log, &always, 9_000).is_due(), "nothing to clean");
    }

    #[test]
    fn a_cleaned_point_of_another_history_counts_as_none() {
        for cleaned in [Some(-1), Some(149), Some(351)] {
            let log = LogFacts { cleaned, start: 150, ..log() };
            let dirt = measure(&log, &WISHES, 9_000);
            assert_eq!(dirt.first_dirty, 150, "{cleaned:?}");
            assert_eq!((dirt.clean_bytes, dirt.cleanable_bytes), (2000, 2000), "Kafka's sums");
        }
    }

    #[test]
    fn records_wait_for_the_smaller_lag_and_not_longer_than_the_larger() {
        let lag = |min_lag_ms| measure(&log(), &Wishes { min_lag_ms, ..WISHES }, 3_000);
        assert_eq!(lag(0).first_uncleanable, 300);
        assert_eq!(lag(1).first_uncleanable, 300, "2999 is old enough");
        assert_eq!(lag(2).first_uncleanable, 200);
        assert_eq!(lag(1_002).first_uncleanable, 100);
        assert_eq!(lag(9_999).first_uncleanable, 0);
        let cleaned = LogFacts { cleaned: Some(200), ..log() };
        let max = |max_lag_ms| measure(&cleaned, &Wishes { max_lag_ms, ..WISHES }, 3_000);
        assert!(max(998).is_due() && max(998).is_overdue, "written at 2001, due at 2999");
        assert!(!max(999).is_due());
        assert!(!measure(&LogFacts { cleaned: Some(300), ..log() }, &WISHES, i64::MAX).is_due());
    }
}
