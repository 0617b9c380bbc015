//! Records: round trips through every codec, damage of every kind, bombs, questions about time.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::record::{BatchBuilder, TimedRecord, crc32c, first_at_or_after, latest};

const LIMIT: usize = 1 << 20;

/// A record as the test hands it to the builder.
#[derive(Clone, Debug, PartialEq)]
struct Given {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

fn given() -> impl Strategy<Value = Given> {
    let bytes = || option::of(vec(any::<u8>(), 0..300));
    let headers = vec(("[a-z]{0,9}", bytes()), 0..4);
    let timestamp = 1_700_000_000_000..1_800_000_000_000_i64;
    (timestamp, bytes(), bytes(), headers).prop_map(|(timestamp, key, value, headers)| Given {
        timestamp,
        key,
        value,
        headers,
    })
}

fn built(codec: Codec, given: &[Given]) -> (BatchHeader, Vec<u8>) {
    let mut builder = BatchBuilder::new(codec);
    for record in given {
        let headers: Vec<(&str, Option<&[u8]>)> =
            record.headers.iter().map(|(k, v)| (k.as_str(), v.as_deref())).collect();
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        builder.push_with_headers(record.timestamp, key, value, &headers);
    }
    let bytes = builder.finish().unwrap().to_vec();
    (BatchHeader::parse(&bytes).unwrap(), bytes)
}

fn read(header: &BatchHeader, bytes: &[u8]) -> Result<Vec<Given>, RecordsError> {
    let records = Records::open(header, bytes, LIMIT)?;
    let owned = |record: Record<'_>| Given {
        timestamp: record.timestamp,
        key: record.key.map(<[u8]>::to_vec),
        value: record.value.map(<[u8]>::to_vec),
        headers: record
            .headers
            .map(|(k, v)| (String::from_utf8(k.to_vec()).unwrap(), v.map(<[u8]>::to_vec)))
            .collect(),
    };
    records.iter().map(|record| record.map(owned)).collect()
}

fn codec() -> impl Strategy<Value = Codec> {
    prop::sample::select(Codec::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_built_is_read_back(codec in codec(), records in vec(given(), 1..40)) {
        let (header, bytes) = built(codec, &records);
        prop_assert_eq!(header.size_in_bytes(), bytes.len());
        prop_assert!(crate::record::check_crc(&bytes));
        let largest = records.iter().map(|r| r.timestamp).max();
        prop_assert_eq!(Some(header.max_timestamp), largest);
        prop_assert_eq!(read(&header, &bytes).unwrap(), records);
    }

    #[test]
    fn damage_never_panics_and_never_gives_more_records(
        codec in codec(),
        records in vec(given(), 1..10),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (_, mut bytes) = built(codec, &records);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(header) = BatchHeader::parse(&bytes) {
            if let Ok(opened) = Records::open(&header, &bytes, LIMIT) {
                let read = opened.iter().filter(Result::is_ok).count();
                prop_assert!(read <= header.records_count.max(0) as usize);
                prop_assert!(opened.size_in_bytes() <= LIMIT);
            }
            let _ = latest(&header, &bytes, LIMIT);
        }
    }

    #[test]
    fn the_first_record_at_or_after_a_time_is_the_first(
        codec in codec(),
        times in vec(0..50_i64, 1..30),
        asked in 0..55_i64,
        from in 95..135_i64,
    ) {
        let mut builder = BatchBuilder::new(codec);
        times.iter().for_each(|time| builder.push(*time, None, Some(b"v")));
        let mut bytes = builder.finish().unwrap();
        crate::record::stamp(&mut bytes, 100, 0, None);
        let header = BatchHeader::parse(&bytes).unwrap();
        let timed = || {
            times.iter().zip(100..).map(|(t, offset)| TimedRecord { offset, timestamp: *t })
        };
        let expected = timed().find(|r| r.timestamp >= asked && r.offset >= from);
        prop_assert_eq!(first_at_or_after(&header, &bytes, asked, from, LIMIT), Ok(expected));
        let largest = timed().reduce(|a, b| if b.timestamp > a.timestamp { b } else { a });
        prop_assert_eq!(latest(&header, &bytes, LIMIT), Ok(largest));
    }
}

#[test]
fn append_time_answers_without_looking_inside() {
    let mut builder = BatchBuilder::new(Codec::Gzip);
    (0..3).for_each(|time| builder.push(time, None, Some(b"v")));
    let mut bytes = builder.finish().unwrap();
    crate::record::stamp(&mut bytes, 10, 0, Some(500));
    let end = bytes.len();
    bytes[end - 20..].fill(0xff); // unreadable, and nobody notices
    let header = BatchHeader::parse(&bytes).unwrap();
    let found = |offset| Ok(Some(TimedRecord { offset, timestamp: 500 }));
    assert_eq!(first_at_or_after(&header, &bytes, 500, 0, LIMIT), found(10));
    assert_eq!(first_at_or_after(&header, &bytes, 1, 12, LIMIT), found(12));
    assert_eq!(first_at_or_after(&header, &bytes, 1, 13, LIMIT), Ok(None));
    assert_eq!(first_at_or_after(&header, &bytes, 501, 0, LIMIT), Ok(None));
    assert_eq!(latest(&header, &bytes, LIMIT), found(10));
}

#[test]
fn bombs_stop_at_the_limit() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let mut builder = BatchBuilder::new(codec);
        builder.push(1, None, Some(&vec![0; 4 << 20]));
        let bytes = builder.finish().unwrap();
        let header = BatchHeader::parse(&bytes).unwrap();
        for bytes_max in [0, 1, 1_000, 100_000, 4 << 20] {
            let refused = Records::open(&header, &bytes, bytes_max).unwrap_err();
            assert_eq!(refused, RecordsError::OutputLimit { bytes_max }, "{codec:?}");
        }
        let opened = Records::open(&header, &bytes, 5 << 20).unwrap();
        assert_eq!(opened.iter().count(), 1);
    }
}

/// A batch of one codec around bytes that no builder would write.
fn around(codec: Codec, records_count: i32, payload: &[u8]) -> (BatchHeader, Vec<u8>) {
    let mut builder = BatchBuilder::new(codec);
    builder.push(0, None, None);
    let bytes = builder.finish().unwrap();
    let mut header = BatchHeader::parse(&bytes).unwrap();
    header.batch_length = (49 + payload.len()) as i32;
    header.records_count = records_count;
    header.last_offset_delta = records_count - 1;
    let mut head = [0; HEADER_BYTES];
    header.write(&mut head);
    header.crc = crc32c(&[&head[21..], payload].concat());
    header.write(&mut head);
    (header, [&head, payload].concat())
}

#[test]
fn truncated_and_foreign_compressed_bytes_are_refused() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let mut builder = BatchBuilder::new(codec);
        builder.push(0, None, Some(b"some bytes to compress, to compress, to compress"));
        let whole = builder.finish().unwrap();
        for cut in 0..whole.len() - HEADER_BYTES {
            let (header, bytes) = around(codec, 1, &whole[HEADER_BYTES..HEADER_BYTES + cut]);
            let outcome = read(&header, &bytes);
            assert!(outcome.is_err(), "{codec:?} cut at {cut}: {outcome:?}");
        }
        let (header, bytes) = around(codec, 1, b"neither fish nor fowl, nor good red herring");
        assert_eq!(read(&header, &bytes), Err(RecordsError::Compressed { codec }));
    }
}

#[test]
fn snappy_comes_raw_framed_and_with_repeated_headers() {
    let (_, plain) = built(
        Codec::None,
        &[].into_iter()
            .chain([Given { timestamp: 5, key: None, value: Some(vec![7; 90]), headers: vec![] }])
            .collect::<Vec<_>>(),
    );
    let records = &plain[HEADER_BYTES..];
    let block = |part: &[u8]| snap::raw::Encoder::new().compress_vec(part).unwrap();
    let framed = |part: &[u8]| {
        let block = block(part);
        let head = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
        [&head[..], &(block.len() as u32).to_be_bytes(), &block].concat()
    };
    let (front, back) = records.split_at(40);
    for payload in [block(records), framed(records), [framed(front), framed(back)].concat()] {
        let (mut header, bytes) = around(Codec::Snappy, 1, &payload);
        header.base_timestamp = 5;
        let read = read(&header, &bytes).unwrap();
        assert_eq!(read[0].value.as_deref(), Some(&[7; 90][..]));
    }
}

#[test]
fn lz4_blocks_may_refer_to_the_blocks_before_them() {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    use std::io::Write;
    let value: Vec<u8> = (0..200_000_u32).flat_map(|n| (n % 1_000).to_be_bytes()).collect();
    let given = Given { timestamp: 0, key: None, value: Some(value), headers: vec![] };
    let (_, plain) = built(Codec::None, std::slice::from_ref(&given));
    for mode in [BlockMode::Linked, BlockMode::Independent] {
        for size in [BlockSize::Max64KB, BlockSize::Max4MB] {
            let info = FrameInfo::new()
                .block_mode(mode)
                .block_size(size)
                .block_checksums(true)
                .content_checksum(true)
                .content_size(Some((plain.len() - HEADER_BYTES) as u64));
            let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(&plain[HEADER_BYTES..]).unwrap();
            let (header, bytes) = around(Codec::Lz4, 1, &encoder.finish().unwrap());
            let header = BatchHeader { base_timestamp: 0, ..header };
            assert_eq!(read(&header, &bytes).unwrap(), std::slice::from_ref(&given));
        }
    }
}

#[test]
fn gzip_headers_may_carry_names_and_extras_but_not_lie_about_their_length() {
    use std::io::Write;
    let given = Given { timestamp: 0, key: None, value: Some(vec![1; 50]), headers: vec![] };
    let (_, plain) = built(Codec::None, std::slice::from_ref(&given));
    let builder = flate2::GzBuilder::new().extra(vec![9; 300]).filename("f").comment("c");
    let mut encoder = builder.write(Vec::new(), flate2::Compression::default());
    encoder.write_all(&plain[HEADER_BYTES..]).unwrap();
    let mut payload = encoder.finish().unwrap();
    let (header, bytes) = around(Codec::Gzip, 1, &payload);
    assert_eq!(read(&header, &bytes).unwrap(), [given]);
    payload[10..12].fill(0xff);
    let (header, bytes) = around(Codec::Gzip, 1, &payload);
    assert_eq!(read(&header, &bytes), Err(RecordsError::Compressed { codec: Codec::Gzip }));
}

#[test]
fn gzip_members_may_follow_each_other() {
    let given = Given { timestamp: 0, key: None, value: Some(vec![1; 50]), headers: vec![] };
    let (_, plain) = built(Codec::None, std::slice::from_ref(&given));
    let (front, back) = plain[HEADER_BYTES..].split_at(20);
    let member = |part: &[u8]| {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        encoder.write_all(part).unwrap();
        encoder.finish().unwrap()
    };
    let (header, bytes) = around(Codec::Gzip, 1, &[member(front), member(back)].concat());
    assert_eq!(read(&header, &bytes).unwrap(), [given]);
}

#[test]
fn each_broken_field_is_named() {
    let cases: [(&[u8], i32, RecordsError); 11] = [
        (&[], 1, RecordsError::OutOfBounds),
        (&[0x80, 0x80, 0x80, 0x80, 0x80, 1], 1, RecordsError::Varint),
        (&[1, 0], 1, RecordsError::NegativeLength),
        (&[40, 0, 0, 0, 1, 1, 0], 1, RecordsError::OutOfBounds),
        (&[12, 0, 0, 2, 1, 1, 0], 1, RecordsError::OffsetDelta { delta: 1 }),
        (&[12, 0, 0, 1, 1, 1, 0], 1, RecordsError::OffsetDelta { delta: -1 }),
        (&[12, 0, 0, 0, 3, 1, 0], 1, RecordsError::NegativeLength),
        (&[12, 0, 0, 0, 20, 1, 0], 1, RecordsError::OutOfBounds),
        (&[12, 0, 0, 0, 1, 1, 2], 1, RecordsError::OutOfBounds),
        (&[14, 0, 0, 0, 1, 1, 0, 9], 1, RecordsError::RecordLength { bytes: 1 }),
        (&[12, 0, 0, 0, 1, 1, 0, 9], 1, RecordsError::BehindLast { bytes: 1 }),
    ];
    for (payload, count, expected) in cases {
        let (header, bytes) = around(Codec::None, count, payload);
        assert_eq!(read(&header, &bytes), Err(expected), "{payload:?}");
    }
    let (header, bytes) = around(Codec::None, 2, &[12, 0, 0, 0, 1, 1, 0, 12, 0, 0, 0, 1, 1, 0]);
    assert_eq!(read(&header, &bytes), Err(RecordsError::OffsetDelta { delta: 0 }));
}

#[test]
fn a_million_declared_records_or_headers_cost_nothing() {
    let (header, bytes) = around(Codec::None, i32::MAX, &[12, 0, 0, 0, 1, 1, 0]);
    let opened = Records::open(&header, &bytes, LIMIT).unwrap();
    assert_eq!(opened.iter().count(), 2);
    let headers = [20, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f];
    let (header, bytes) = around(Codec::None, 1, &headers);
    assert_eq!(read(&header, &bytes), Err(RecordsError::OutOfBounds));
}
