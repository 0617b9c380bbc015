//! What a batch keeps when it loses records.

use super::*;
use crate::record::{BatchBuilder, Records, StampedBatch, check_crc};

fn batch(codec: Codec, append_time: Option<i64>) -> StampedBatch {
    let mut builder = BatchBuilder::new(codec).producer(9, 2, 40).transactional();
    for index in 0..5_i64 {
        let value = [index as u8; 7];
        let headers: [(&str, Option<&[u8]>); 2] = [("h", Some(b"x")), ("n", None)];
        builder.push_with_headers(1_000 + 10 * index, Some(b"a"), Some(&value), &headers);
    }
    let bytes = builder.finish().unwrap();
    let header = BatchHeader::parse(&bytes).unwrap();
    StampedBatch::from_checked(header, bytes, 70, 3, append_time)
}

fn kept(batch: &StampedBatch, offsets: &[i64], horizon: Option<i64>) -> (BatchHeader, BytesMut) {
    let opened = Records::open(&batch.header, &batch.bytes, 1 << 20).unwrap();
    let records: Vec<_> = opened.iter().map(Result::unwrap).collect();
    let records: Vec<_> =
        records.into_iter().filter(|record| offsets.contains(&record.offset)).collect();
    let bytes = recopy(&batch.header, &records, horizon).unwrap();
    assert!(check_crc(&bytes));
    (BatchHeader::parse(&bytes).unwrap(), bytes)
}

#[test]
fn offsets_producer_and_codec_stay_and_records_are_the_same() {
    for codec in Codec::ALL {
        let batch = batch(codec, None);
        let (header, bytes) = kept(&batch, &[71, 73], None);
        let expected = BatchHeader {
            batch_length: header.batch_length,
            crc: header.crc,
            base_timestamp: 1_010,
            max_timestamp: 1_030,
            records_count: 2,
            ..batch.header
        };
        assert_eq!(header, expected);
        assert_eq!((header.last_offset(), header.last_sequence()), (74, 44));
        let opened = Records::open(&header, &bytes, 1 << 20).unwrap();
        let records: Vec<_> = opened.iter().map(Result::unwrap).collect();
        for (record, index) in records.iter().zip([1_i64, 3]) {
            assert_eq!((record.offset, record.timestamp), (70 + index, 1_000 + 10 * index));
            assert_eq!((record.key, record.value), (Some(&b"a"[..]), Some(&[index as u8; 7][..])));
            assert_eq!(record.headers.count(), 2);
        }
    }
}

#[test]
fn everything_kept_is_the_same_batch() {
    for codec in [Codec::None, Codec::Gzip, Codec::Zstd, Codec::Snappy, Codec::Lz4] {
        let batch = batch(codec, None);
        let (_, bytes) = kept(&batch, &[70, 71, 72, 73, 74], None);
        assert_eq!(bytes, batch.bytes, "{codec:?}");
    }
}

#[test]
fn a_delete_horizon_is_the_base_that_timestamps_count_from() {
    let batch = batch(Codec::None, None);
    let (header, bytes) = kept(&batch, &[72], Some(9_999));
    assert_eq!((header.delete_horizon(), header.max_timestamp), (Some(9_999), 1_020));
    let opened = Records::open(&header, &bytes, 1 << 20).unwrap();
    assert_eq!(opened.iter().next().unwrap().unwrap().timestamp, 1_020);
    assert_eq!(kept(&batch, &[72], None).0.delete_horizon(), None);
}

#[test]
fn the_leaders_time_stays_the_leaders() {
    let batch = batch(Codec::Lz4, Some(5_555));
    let (header, bytes) = kept(&batch, &[70], None);
    assert_eq!(header.timestamp_type(), TimestampType::LogAppendTime);
    assert_eq!((header.base_timestamp, header.max_timestamp), (5_555, 5_555));
    let opened = Records::open(&header, &bytes, 1 << 20).unwrap();
    assert_eq!(opened.iter().next().unwrap().unwrap().timestamp, 5_555);
}

#[test]
fn an_emptied_batch_still_says_who_wrote_it_and_how_far() {
    let batch = batch(Codec::Zstd, None);
    let bytes = emptied(&batch.header).unwrap();
    assert!(check_crc(&bytes));
    let header = BatchHeader::parse(&bytes).unwrap();
    assert_eq!(bytes.len(), header.size_in_bytes());
    assert_eq!((header.records_count, header.codec()), (0, Ok(Codec::None)));
    assert_eq!((header.base_offset, header.last_offset()), (70, 74));
    assert_eq!((header.producer_id, header.producer_epoch, header.last_sequence()), (9, 2, 44));
    assert_eq!((header.base_timestamp, header.max_timestamp), (-1, 1_040));
    assert!(header.is_transactional() && !header.has_delete_horizon());
    assert_eq!(Records::open(&header, &bytes, 1).unwrap().iter().count(), 0);
    assert!(matches!(recopy(&batch.header, &[], None), Err(BuildError::Empty)));
}
