//! Stamping: what changes, what must not, and that the header keeps up with the bytes.

use super::*;
use crate::record::header::{BATCH_LENGTH_AT, MAGIC_AT};
use crate::record::{BatchBuilder, Codec, Records, check_crc};

fn produced(codec: Codec) -> (BatchHeader, BytesMut) {
    let mut builder = BatchBuilder::new(codec).producer(9, 0, 4);
    builder.push(1_000, None, Some(b"one"));
    builder.push(3_000, None, Some(b"two"));
    let bytes = builder.finish().unwrap();
    (BatchHeader::parse(&bytes).unwrap(), bytes)
}

#[test]
fn offset_and_epoch_leave_the_checksum_alone() {
    for codec in Codec::ALL {
        let (header, bytes) = produced(codec);
        let before = bytes.clone();
        let batch = StampedBatch::from_checked(header, bytes, 1 << 40, 17, None);
        assert_eq!(BatchHeader::parse(&batch.bytes), Ok(batch.header));
        assert_eq!((batch.header.base_offset, batch.header.partition_leader_epoch), (1 << 40, 17));
        assert_eq!(batch.header.crc, header.crc);
        assert!(check_crc(&batch.bytes));
        assert_eq!(batch.bytes[MAGIC_AT..], before[MAGIC_AT..]);
        assert_eq!(batch.bytes[BATCH_LENGTH_AT..LEADER_EPOCH_AT], before[8..12]);
    }
}

#[test]
fn append_time_becomes_every_records_time_under_a_new_checksum() {
    for codec in Codec::ALL {
        let (header, bytes) = produced(codec);
        let batch = StampedBatch::from_checked(header, bytes, 5, 1, Some(99_000));
        assert_eq!(BatchHeader::parse(&batch.bytes), Ok(batch.header));
        assert!(check_crc(&batch.bytes) && batch.header.crc != header.crc);
        assert_eq!(batch.header.codec(), Ok(codec));
        assert_eq!(batch.header.max_timestamp, 99_000);
        let records = Records::open(&batch.header, &batch.bytes, 1 << 20).unwrap();
        let times: Vec<_> = records.iter().map(|r| r.unwrap()).collect();
        assert_eq!(times.iter().map(|r| r.timestamp).collect::<Vec<_>>(), [99_000, 99_000]);
        assert_eq!(times.iter().map(|r| r.offset).collect::<Vec<_>>(), [5, 6]);
    }
}

#[test]
fn a_batch_from_another_leader_is_taken_whole_and_undamaged_or_not_at_all() {
    let (header, bytes) = produced(Codec::None);
    let bytes = StampedBatch::from_checked(header, bytes, 5, 1, None).bytes;
    assert!(StampedBatch::parse(bytes.clone()).is_ok());
    assert!(matches!(
        StampedBatch::parse(bytes.slice(..bytes.len() - 1)),
        Err(BatchError::Truncated { .. })
    ));
    let mut longer = BytesMut::from(&bytes[..]);
    longer.extend_from_slice(&[0]);
    assert!(matches!(
        StampedBatch::parse(longer.freeze()),
        Err(BatchError::MoreThanOneBatch { bytes: 1 })
    ));
    let mut damaged = BytesMut::from(&bytes[..]);
    damaged[HEADER_BYTES] ^= 1;
    assert!(matches!(StampedBatch::parse(damaged.freeze()), Err(BatchError::Crc { .. })));
}
