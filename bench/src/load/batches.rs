//! Walks the batches of a fetch answer. Pure, any thread.

use corelog_engine::record::{BatchHeader, Codec, Records};

use super::template::STAMP_BYTES;
use crate::measure::Flow;

/// What was in the answer for one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// The offset to fetch next.
    pub next: i64,
    /// Records from the wanted offset on; their value bytes are the caller's to know.
    pub flow: Flow,
}

/// Walks whole batches from `wanted` on; `stamp` gets the stamp of every record that has one, when
/// it is asked for. A batch that is cut at the end is left for the next fetch.
pub fn walk(bytes: &[u8], wanted: i64, mut stamp: Option<impl FnMut(u64)>) -> Walked {
    let mut walked = Walked { next: wanted, flow: Flow::default() };
    let mut rest = bytes;
    while let Ok(header) = BatchHeader::parse(rest) {
        let Some((batch, behind)) = rest.split_at_checked(header.size_in_bytes()) else { break };
        rest = behind;
        if header.next_offset() <= wanted {
            continue;
        }
        walked.next = header.next_offset();
        walked.flow.records += u64::try_from(header.records_count).unwrap_or(0);
        walked.flow.wire_bytes += batch.len() as u64;
        if let Some(stamp) = &mut stamp {
            stamps(&header, batch, wanted, stamp);
        }
    }
    walked
}

fn stamps(header: &BatchHeader, batch: &[u8], wanted: i64, stamp: &mut impl FnMut(u64)) {
    if header.is_control() || header.codec() != Ok(Codec::None) {
        return;
    }
    let Ok(records) = Records::open(header, batch, 0) else { return };
    for record in records.iter().map_while(Result::ok).filter(|record| record.offset >= wanted) {
        if let Some(bytes) = record.value.and_then(|value| value.first_chunk::<STAMP_BYTES>()) {
            stamp(u64::from_be_bytes(*bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use corelog_engine::record::BatchBuilder;

    use super::*;

    fn batch(first: i64, stamps: &[u64]) -> Vec<u8> {
        let mut builder = BatchBuilder::new(Codec::None);
        for stamp in stamps {
            builder.push(0, None, Some(&[&stamp.to_be_bytes()[..], b"more"].concat()));
        }
        let mut batch = builder.finish().unwrap().to_vec();
        batch[..8].copy_from_slice(&first.to_be_bytes());
        batch
    }

    #[test]
    fn whole_batches_count_from_the_wanted_offset_on() {
        let bytes = [batch(0, &[1, 2]), batch(2, &[3, 4, 5]), batch(5, &[6])].concat();
        let mut seen = Vec::new();
        let cut = bytes.len() - 1;
        let walked = walk(&bytes[..cut], 3, Some(|stamp| seen.push(stamp)));
        assert_eq!(walked.next, 5);
        assert_eq!(seen, [4, 5]);
        assert_eq!(walked.flow.records, 3);
        let walked = walk(&bytes, 5, None::<fn(u64)>);
        assert_eq!((walked.next, walked.flow.records), (6, 1));
        assert_eq!(walk(&[1, 2, 3], 9, None::<fn(u64)>).next, 9);
    }
}
