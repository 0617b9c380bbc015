//! Which segments are cleaned into one: small ones grow together again. Pure.

use crate::record::Offset;

/// What grouping needs of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Its first offset.
    pub base: Offset,
    /// Bytes of records.
    pub bytes: u64,
    /// Bytes of its offset index.
    pub offset_index: u64,
    /// Bytes of its time index.
    pub time_index: u64,
}

/// What a group may have together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `segment.bytes`.
    pub bytes: u64,
    /// `segment.index.bytes`.
    pub index_bytes: u64,
}

/// Numbers of segments per group, in order. `end` is the offset behind the last segment.
pub fn group(segments: &[Size], end: Offset, limits: Limits) -> Vec<usize> {
    let mut groups: Vec<usize> = Vec::new();
    let mut sum: Option<Size> = None;
    for (index, next) in segments.iter().enumerate() {
        let after = segments.get(index + 1).map_or(end, |after| after.base);
        if let (Some(all), Some(count)) = (&mut sum, groups.last_mut())
            && fits(all, next, after, limits)
        {
            all.bytes += next.bytes;
            all.offset_index += next.offset_index;
            all.time_index += next.time_index;
            *count += 1;
        } else {
            sum = Some(*next);
            groups.push(1);
        }
    }
    groups
}

fn fits(all: &Size, next: &Size, after: Offset, limits: Limits) -> bool {
    // Relative offsets have 31 bits. An empty segment adds none.
    let reaches = after.saturating_sub(1).saturating_sub(all.base) <= i64::from(i32::MAX);
    all.bytes + next.bytes <= limits.bytes
        && all.offset_index + next.offset_index <= limits.index_bytes
        && all.time_index + next.time_index <= limits.index_bytes
        && (next.bytes == 0 || reaches)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bytes: 100, index_bytes: 50 };

    fn size(base: Offset, bytes: u64, offset_index: u64, time_index: u64) -> Size {
        Size { base, bytes, offset_index, time_index }
    }

    #[test]
    fn groups_fill_up_to_each_limit() {
        let by_bytes = [40, 60, 1, 99, 1, 200, 3].map(|bytes| size(0, bytes, 0, 0));
        assert_eq!(group(&by_bytes, 9, LIMITS), [2, 2, 1, 1, 1]);
        let by_index = [(30, 1), (20, 1), (1, 25), (1, 26)].map(|(o, t)| size(0, 1, o, t));
        assert_eq!(group(&by_index, 9, LIMITS), [2, 1, 1]);
        assert_eq!(group(&[], 9, LIMITS), [0; 0]);
    }

    #[test]
    fn a_group_spans_no_more_offsets_than_an_index_can_hold() {
        const REACH: i64 = i32::MAX as i64;
        let two = |next: i64, bytes| [size(7, 1, 0, 0), size(next, bytes, 0, 0)];
        assert_eq!(group(&two(9, 1), 7 + REACH + 1, LIMITS), [2]);
        assert_eq!(group(&two(9, 1), 7 + REACH + 2, LIMITS), [1, 1]);
        assert_eq!(group(&two(9, 0), 7 + REACH + 2, LIMITS), [2], "an empty one adds nothing");
    }
}
