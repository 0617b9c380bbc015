//! The records of one step as batches: one, unless that is larger than the topic allows. Pure.

use bytes::BytesMut;

use crate::record::offsets_topic::GroupRecord;
use crate::record::{BatchBuilder, BuildError, Codec};

/// Batches of at most `bytes_max` bytes before compression, all records with this timestamp (Unix
/// milliseconds). A record that is larger than that stands in a batch of its own.
///
/// # Errors
/// The codec failed, or one record is beyond what a batch can hold.
pub(super) fn batches_of(
    records: &[GroupRecord],
    codec: Codec,
    bytes_max: usize,
    timestamp: i64,
) -> Result<Vec<BytesMut>, BuildError> {
    let mut batches = Vec::new();
    let mut builder = BatchBuilder::new(codec);
    for record in records {
        let (key, value) = (record.key_bytes(), record.value_bytes());
        let bytes = key.len() + value.as_ref().map_or(0, |value| value.len()) + RECORD_BYTES_MAX;
        if !builder.is_empty() && builder.size_in_bytes() + bytes > bytes_max {
            batches.push(std::mem::replace(&mut builder, BatchBuilder::new(codec)).finish()?);
        }
        builder.push(timestamp, Some(&key), value.as_deref());
    }
    if !builder.is_empty() {
        batches.push(builder.finish()?);
    }
    Ok(batches)
}

/// What a record has around its key and value at most.
const RECORD_BYTES_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::record::{BatchHeader, Records};

    fn tombstones(count: i32) -> Vec<GroupRecord> {
        let record = |partition| GroupRecord::Offset {
            group: Arc::from("g"),
            topic: Arc::from("t"),
            partition,
            value: None,
        };
        (0..count).map(record).collect()
    }

    fn partitions(batches: &[BytesMut], codec: Codec) -> Vec<i32> {
        let mut found = Vec::new();
        for batch in batches {
            let header = BatchHeader::parse(batch).unwrap();
            assert_eq!((header.codec(), header.max_timestamp), (Ok(codec), 7));
            for record in Records::open(&header, batch, 1 << 20).unwrap().iter() {
                let record = record.unwrap();
                let decoded = GroupRecord::decode(record.key.unwrap(), record.value).unwrap();
                let Some(GroupRecord::Offset { partition, .. }) = decoded else { panic!() };
                found.push(partition);
            }
        }
        found
    }

    #[test]
    fn the_records_of_a_step_are_one_batch_unless_that_is_too_large() {
        for codec in Codec::ALL {
            let batches = batches_of(&tombstones(50), codec, 1 << 20, 7).unwrap();
            assert_eq!(batches.len(), 1);
            assert_eq!(partitions(&batches, codec), (0..50).collect::<Vec<_>>());
        }
        let batches = batches_of(&tombstones(50), Codec::None, 300, 7).unwrap();
        assert!(batches.len() > 4 && batches.iter().all(|batch| batch.len() <= 300));
        assert_eq!(partitions(&batches, Codec::None), (0..50).collect::<Vec<_>>());
        assert_eq!(batches_of(&tombstones(3), Codec::None, 1, 7).unwrap().len(), 3);
        assert!(batches_of(&[], Codec::None, 300, 7).unwrap().is_empty());
    }
}
