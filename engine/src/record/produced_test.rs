//! The produce rules: each can refuse, and what Kafka's clients send passes.

use bytes::BytesMut;

use super::*;
use crate::record::{BatchBuilder, StampedBatch};

const NOW: i64 = 1_700_000_000_000;

fn rules() -> ProduceRules {
    ProduceRules {
        bytes_max: 1_048_588,
        zstd_allowed: true,
        append_time: false,
        now_ms: NOW,
        timestamp_before_max_ms: i64::MAX,
        timestamp_after_max_ms: 3_600_000,
        keys_required: false,
    }
}

fn batch_at(codec: Codec, times: &[i64]) -> BytesMut {
    let mut builder = BatchBuilder::new(codec);
    times.iter().for_each(|time| builder.push(*time, Some(b"k"), Some(b"value")));
    builder.finish().unwrap()
}

/// A batch with a changed header and the right checksum.
fn changed(change: impl FnOnce(&mut BatchHeader)) -> BytesMut {
    let mut bytes = batch_at(Codec::None, &[NOW, NOW + 1]);
    let mut header = BatchHeader::parse(&bytes).unwrap();
    change(&mut header);
    header.write(bytes.first_chunk_mut().unwrap());
    header.crc = crc32c(&bytes[ATTRIBUTES_AT..]);
    header.write(bytes.first_chunk_mut().unwrap());
    bytes
}

fn refused(change: impl FnOnce(&mut BatchHeader)) -> BatchError {
    check_produced(&changed(change), &rules()).unwrap_err()
}

#[test]
fn what_producers_send_passes_with_every_codec() {
    for codec in Codec::ALL {
        let batch = batch_at(codec, &[NOW - 5, NOW, NO_TIMESTAMP]);
        let header = check_produced(&batch, &rules()).unwrap();
        assert_eq!(Ok(header), BatchHeader::parse(&batch));
        assert_eq!((header.records_count, header.codec()), (3, Ok(codec)));
    }
    let mut idempotent = BatchBuilder::new(Codec::None).producer(7, 0, 0).transactional();
    idempotent.push(NOW, None, None);
    let header = check_produced(&idempotent.finish().unwrap(), &rules()).unwrap();
    assert!(header.has_producer() && header.is_transactional());
}

#[test]
fn exactly_one_whole_batch_is_taken() {
    let batch = batch_at(Codec::None, &[NOW]);
    assert_eq!(check_produced(&[], &rules()), Err(BatchError::NoBatch));
    for cut in 1..batch.len() {
        let refused = check_produced(&batch[..cut], &rules());
        assert!(matches!(refused, Err(BatchError::Truncated { .. })), "{cut}");
    }
    let two = [&batch[..], &batch[..]].concat();
    let bytes = batch.len();
    assert_eq!(check_produced(&two, &rules()), Err(BatchError::MoreThanOneBatch { bytes }));
    let declared = (i32::MAX as u64) + 12;
    let present = batch_at(Codec::None, &[NOW, NOW]).len();
    assert_eq!(refused(|h| h.batch_length = i32::MAX), BatchError::Truncated { declared, present });
}

#[test]
fn damaged_and_foreign_formats_are_told_apart() {
    let mut batch = batch_at(Codec::None, &[NOW]);
    let last = batch.len() - 1;
    batch[last] ^= 1;
    assert!(matches!(check_produced(&batch, &rules()), Err(BatchError::Crc { .. })));
    assert_eq!(refused(|h| h.magic = 1), BatchError::OldMagic { magic: 1 });
    assert_eq!(refused(|h| h.magic = 9), BatchError::UnknownMagic { magic: 9 });
    assert_eq!(refused(|h| h.batch_length = 3), BatchError::TooSmall { batch_length: 3 });
}

#[test]
fn the_size_limit_counts_the_header_and_holds_to_the_byte() {
    let batch = batch_at(Codec::None, &[NOW]);
    let with = |bytes_max| check_produced(&batch, &ProduceRules { bytes_max, ..rules() });
    assert!(with(batch.len()).is_ok());
    let bytes_max = batch.len() - 1;
    assert_eq!(with(bytes_max), Err(BatchError::TooLarge { bytes: batch.len(), bytes_max }));
}

#[test]
fn base_offset_belongs_to_the_leader() {
    assert_eq!(refused(|h| h.base_offset = 5), BatchError::BaseOffset { base_offset: 5 });
}

#[test]
fn counts_must_be_positive_agree_and_fit() {
    for (records_count, last_offset_delta) in
        [(0, -1), (-1, -2), (0, 0), (2, 0), (1, 1), (i32::MIN, i32::MAX)]
    {
        let error = refused(|h| {
            h.records_count = records_count;
            h.last_offset_delta = last_offset_delta;
        });
        assert_eq!(error, BatchError::RecordCount { records_count, last_offset_delta });
    }
    let error = refused(|h| {
        h.records_count = i32::MAX;
        h.last_offset_delta = i32::MAX - 1;
    });
    assert!(matches!(error, BatchError::TooManyRecords { .. }));
}

#[test]
fn codecs_must_be_known_and_zstd_needs_a_newer_request() {
    assert_eq!(refused(|h| h.attributes |= 5), BatchError::UnknownCodec { id: 5 });
    let batch = batch_at(Codec::Zstd, &[NOW]);
    let old = ProduceRules { zstd_allowed: false, ..rules() };
    assert_eq!(check_produced(&batch, &old), Err(BatchError::ZstdNotAllowed));
    assert!(check_produced(&batch_at(Codec::Lz4, &[NOW]), &old).is_ok());
}

#[test]
fn control_batches_and_half_producers_are_refused() {
    assert_eq!(refused(|h| h.attributes |= 1 << 5), BatchError::ControlBatch);
    let half = |id, epoch, sequence, attributes| {
        refused(|h| {
            h.producer_id = id;
            h.producer_epoch = epoch;
            h.base_sequence = sequence;
            h.attributes = attributes;
        })
    };
    for (id, epoch, sequence, attributes) in [(7, 0, -1, 0), (7, -1, 0, 0), (-1, -1, -1, 1 << 4)] {
        let error = half(id, epoch, sequence, attributes);
        assert!(matches!(error, BatchError::ProducerState { .. }), "{error}");
    }
}

#[test]
fn the_future_is_limited_by_the_header_without_looking_inside() {
    let latest = NOW + 3_600_000;
    for codec in Codec::ALL {
        assert!(check_produced(&batch_at(codec, &[NOW, latest]), &rules()).is_ok());
        let refused = check_produced(&batch_at(codec, &[NOW, latest + 1]), &rules());
        assert!(matches!(refused, Err(BatchError::Timestamp { .. })));
    }
    // Not even readable records matter while no setting asks for them.
    let error = changed(|h| h.attributes |= Codec::Zstd.id());
    assert!(check_produced(&error, &rules()).is_ok());
}

#[test]
fn the_past_is_limited_record_by_record() {
    let strict = ProduceRules { timestamp_before_max_ms: 1_000, ..rules() };
    for codec in Codec::ALL {
        assert!(check_produced(&batch_at(codec, &[NOW, NOW - 1_000, -1]), &strict).is_ok());
        assert_eq!(
            check_produced(&batch_at(codec, &[NOW, NOW - 1_001, NOW]), &strict),
            Err(BatchError::Timestamp {
                timestamp: NOW - 1_001,
                earliest: NOW - 1_000,
                latest: NOW + 3_600_000
            })
        );
    }
    let unreadable = changed(|h| h.attributes |= Codec::Zstd.id());
    assert!(matches!(check_produced(&unreadable, &strict), Err(BatchError::Records(_))));
}

#[test]
fn append_time_is_the_leaders_alone() {
    assert_eq!(refused(|h| h.attributes |= 1 << 3), BatchError::AppendTimeByClient);
    let ancient = batch_at(Codec::None, &[5]);
    let leader = ProduceRules { append_time: true, timestamp_before_max_ms: 1, ..rules() };
    let header = check_produced(&ancient, &leader).unwrap();
    let stamped = StampedBatch::from_checked(header, ancient, 0, 0, Some(NOW));
    assert_eq!(stamped.header.max_timestamp, NOW);
}

#[test]
fn a_compacted_topic_takes_no_record_without_a_key() {
    let compacted = ProduceRules { keys_required: true, ..rules() };
    let with_keys = |codec, keys: &[Option<&[u8]>]| {
        let mut builder = BatchBuilder::new(codec);
        keys.iter().for_each(|key| builder.push(NOW, *key, None));
        builder.finish().unwrap()
    };
    for codec in Codec::ALL {
        // An empty key is a key.
        assert!(check_produced(&with_keys(codec, &[Some(b"a"), Some(b"")]), &compacted).is_ok());
        let some = with_keys(codec, &[None, Some(b"a"), None]);
        assert!(check_produced(&some, &rules()).is_ok());
        let keyless = BatchError::Keyless { count: 2, indexes: vec![0, 2] };
        assert_eq!(check_produced(&some, &compacted), Err(keyless));
    }
    let Err(BatchError::Keyless { count, indexes }) =
        check_produced(&with_keys(Codec::None, &[None; 1000]), &compacted)
    else {
        panic!("refused for its keys");
    };
    assert_eq!((count, indexes), (1000, (0..100).collect()), "an answer has a limit");
    let leader = ProduceRules { append_time: true, ..compacted };
    assert!(check_produced(&with_keys(Codec::None, &[None]), &leader).is_err());
    let unreadable = changed(|h| h.attributes |= Codec::Zstd.id());
    assert!(matches!(check_produced(&unreadable, &compacted), Err(BatchError::Records(_))));
    let old = ProduceRules { timestamp_before_max_ms: 0, timestamp_after_max_ms: 0, ..compacted };
    let mut both = BatchBuilder::new(Codec::None);
    both.push(NOW, None, None);
    both.push(NOW - 1, Some(b"a"), None);
    let refused = check_produced(&both.finish().unwrap(), &old);
    assert!(matches!(refused, Err(BatchError::Timestamp { .. })), "time goes before keys");
}
