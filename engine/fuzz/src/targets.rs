//! The bodies of the fuzz targets: each takes any bytes, must not panic, and may not allocate more
//! than a few times what it was given. Shared with `tests/fuzz_corpus.rs`.

use bytes::BytesMut;
use corelog_engine::record::offsets_topic::GroupRecord;
use corelog_engine::record::{
    BatchHeader, ProduceRules, Records, StampedBatch, check_crc, check_produced, first_at_or_after,
    latest,
};

/// A target: judges any bytes.
pub type Body = fn(&[u8]);

/// Every target by name.
pub const TARGETS: [(&str, Body); 4] =
    [("batch", batch), ("records", records), ("segment", segment), ("group_record", group_record)];

/// Produced bytes: whatever passes the rules can be stamped, and is then a valid batch.
pub fn batch(input: &[u8]) {
    for append_time in [false, true] {
        let rules = ProduceRules {
            bytes_max: 1 << 20,
            zstd_allowed: true,
            append_time,
            now_ms: 1_700_000_000_000,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: i64::MAX,
            // It would have the records decompressed; `records` does that, within its bound.
            keys_required: false,
        };
        let Ok(header) = check_produced(input, &rules) else { continue };
        let time = append_time.then_some(rules.now_ms);
        let stamped = StampedBatch::from_checked(header, BytesMut::from(input), 42, 7, time);
        assert!(check_crc(&stamped.bytes), "stamping keeps the checksum");
        assert_eq!(BatchHeader::parse(&stamped.bytes), Ok(stamped.header));
        assert_eq!(stamped.header.next_offset(), 42 + i64::from(header.records_count));
    }
}

/// The records of a batch, giving out no more bytes than came in.
pub fn records(input: &[u8]) {
    let Ok(header) = BatchHeader::parse(input) else { return };
    let limit = input.len();
    if let Ok(opened) = Records::open(&header, input, limit) {
        let mut last = None;
        let mut bytes = 0;
        for record in opened.iter().map_while(Result::ok) {
            assert!(last < Some(record.offset), "offsets rise");
            assert!(record.offset <= header.last_offset(), "no record behind the last");
            last = Some(record.offset);
            bytes += record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
            bytes += record.headers.map(|(k, v)| k.len() + v.map_or(0, <[u8]>::len)).sum::<usize>();
        }
        assert!(bytes <= opened.size_in_bytes(), "no byte belongs to two fields");
    }
    let newest = latest(&header, input, limit);
    let first = first_at_or_after(&header, input, i64::MIN, i64::MIN, limit);
    if let (Ok(Some(newest)), Ok(Some(first))) = (newest, first) {
        assert!(first.timestamp <= newest.timestamp && first.offset <= newest.offset);
    }
}

/// A segment's bytes, batch after batch, as recovery walks them: it always gets on, and stops.
pub fn segment(input: &[u8]) {
    let mut rest = input;
    while let Ok(header) = BatchHeader::parse(rest) {
        if !check_crc(rest) {
            return;
        }
        records(&rest[..header.size_in_bytes()]);
        rest = &rest[header.size_in_bytes()..];
    }
}

/// A record of `__consumer_offsets`: a byte for the length of the key, the key, the value. What can
/// be read is written so that it reads the same.
pub fn group_record(input: &[u8]) {
    let Some((length, rest)) = input.split_first() else { return };
    let Some((key, value)) = rest.split_at_checked(usize::from(*length)) else { return };
    let Ok(Some(record)) = GroupRecord::decode(key, Some(value)) else { return };
    let (key, value) = (record.key_bytes(), record.value_bytes());
    assert_eq!(GroupRecord::decode(&key, value.as_deref()), Ok(Some(record)));
}
