//! Which segments are past their time: by age and by size. Pure; the clock is an argument.
//!
//! Must not know files. A caller applies the answer as the log's new start.

use crate::record::Offset;

use super::settings::LogConfig;

/// What the decision needs of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentFacts {
    /// Offset behind its last record.
    pub end: Offset,
    /// Its size.
    pub bytes: u64,
    /// Its youngest record, Unix milliseconds.
    pub youngest_ms: i64,
}

/// Start of the first segment that is kept, when any is not. Segments go from the oldest on, never
/// beyond `below`, which is the high watermark.
pub fn first_kept(
    segments: &[SegmentFacts],
    config: &LogConfig,
    now_ms: i64,
    below: Offset,
) -> Option<Offset> {
    if !config.deletes {
        return None;
    }
    let all: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let mut surplus = match u64::try_from(config.retention_bytes) {
        Ok(limit) => all.saturating_sub(limit),
        Err(_) => 0,
    };
    let mut kept = None;
    for segment in segments.iter().filter(|segment| segment.bytes > 0) {
        let too_old = config.retention_ms >= 0
            && now_ms.saturating_sub(segment.youngest_ms) > config.retention_ms;
        let too_much = surplus >= segment.bytes;
        if segment.end > below || !(too_old || too_much) {
            break;
        }
        surplus = surplus.saturating_sub(segment.bytes);
        kept = Some(segment.end);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments() -> [SegmentFacts; 3] {
        [(10, 100, 1_000), (20, 100, 5_000), (30, 40, 9_000)]
            .map(|(end, bytes, youngest_ms)| SegmentFacts { end, bytes, youngest_ms })
    }

    fn config(retention_ms: i64, retention_bytes: i64) -> LogConfig {
        LogConfig { retention_ms, retention_bytes, ..LogConfig::default() }
    }

    #[test]
    fn segments_go_when_their_youngest_record_is_too_old() {
        assert_eq!(first_kept(&segments(), &config(3_000, -1), 4_000, 30), None);
        assert_eq!(first_kept(&segments(), &config(3_000, -1), 4_001, 30), Some(10));
        assert_eq!(first_kept(&segments(), &config(3_000, -1), 90_000, 30), Some(30));
        assert_eq!(first_kept(&segments(), &config(-1, -1), i64::MAX, 30), None);
    }

    #[test]
    fn segments_go_while_the_log_stays_above_its_size() {
        assert_eq!(first_kept(&segments(), &config(-1, 141), 0, 30), None);
        assert_eq!(first_kept(&segments(), &config(-1, 140), 0, 30), Some(10));
        assert_eq!(first_kept(&segments(), &config(-1, 0), 0, 30), Some(30));
    }

    #[test]
    fn nothing_goes_above_the_high_watermark_or_where_nothing_may_be_deleted() {
        assert_eq!(first_kept(&segments(), &config(-1, 0), 0, 19), Some(10));
        let keep = LogConfig { deletes: false, ..config(0, 0) };
        assert_eq!(first_kept(&segments(), &keep, i64::MAX, 30), None);
    }
}
