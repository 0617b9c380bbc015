//! Headers: parsing, writing, what follows from the fields.

use proptest::prelude::*;

use super::*;
use crate::record::BatchBuilder;

fn header() -> BatchHeader {
    BatchHeader {
        base_offset: 7,
        batch_length: 49,
        partition_leader_epoch: 3,
        magic: MAGIC,
        crc: 0xdead_beef,
        attributes: 0,
        last_offset_delta: 2,
        base_timestamp: 1_000,
        max_timestamp: 2_000,
        producer_id: 4_000,
        producer_epoch: 1,
        base_sequence: 5,
        records_count: 3,
    }
}

fn written(header: &BatchHeader) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    header.write(&mut bytes);
    bytes
}

#[test]
fn every_field_stands_where_the_format_has_it() {
    let bytes = written(&BatchHeader {
        base_offset: 0x0102_0304_0506_0708,
        batch_length: 0x1112_1314,
        partition_leader_epoch: 0x2122_2324,
        magic: MAGIC,
        crc: 0x3132_3334,
        attributes: 0x4142,
        last_offset_delta: 0x5152_5354,
        base_timestamp: 0x6162_6364_6566_6768,
        max_timestamp: 0x7172_7374_7576_7778,
        producer_id: 0x0a0b_0c0d_0e0f_1a1b,
        producer_epoch: 0x2a2b,
        base_sequence: 0x3a3b_3c3d,
        records_count: 0x4a4b_4c4d,
    });
    let mut expected = vec![1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14];
    expected.extend([0x21, 0x22, 0x23, 0x24, 2, 0x31, 0x32, 0x33, 0x34, 0x41, 0x42]);
    expected.extend([0x51, 0x52, 0x53, 0x54]);
    expected.extend([0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68]);
    expected.extend([0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78]);
    expected.extend([0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x1a, 0x1b, 0x2a, 0x2b]);
    expected.extend([0x3a, 0x3b, 0x3c, 0x3d, 0x4a, 0x4b, 0x4c, 0x4d]);
    assert_eq!(bytes.to_vec(), expected);
}

proptest! {
    #[test]
    fn any_header_comes_back(
        longs: [i64; 4], ints: [i32; 4], crc: u32, shorts: [i16; 2], length in 49..=i32::MAX
    ) {
        let header = BatchHeader {
            base_offset: longs[0],
            batch_length: length,
            partition_leader_epoch: ints[0],
            magic: MAGIC,
            crc,
            attributes: shorts[0],
            last_offset_delta: ints[1],
            base_timestamp: longs[1],
            max_timestamp: longs[2],
            producer_id: longs[3],
            producer_epoch: shorts[1],
            base_sequence: ints[2],
            records_count: ints[3],
        };
        prop_assert_eq!(BatchHeader::parse(&written(&header)), Ok(header));
        // None of the questions may overflow, whatever stands in the fields.
        let _ = (header.next_offset(), header.last_sequence(), header.size_in_bytes());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = BatchHeader::parse(&bytes);
        let _ = crate::record::check_crc(&bytes);
    }
}

#[test]
fn a_header_needs_all_its_bytes_but_not_its_records() {
    let bytes = written(&BatchHeader { batch_length: 1_000, ..header() });
    assert_eq!(BatchHeader::parse(&bytes).map(|h| h.size_in_bytes()), Ok(1_012));
    for cut in 1..HEADER_BYTES {
        let refused = BatchHeader::parse(&bytes[..cut]);
        assert_eq!(refused, Err(BatchError::Truncated { declared: 61, present: cut }));
    }
    assert_eq!(BatchHeader::parse(&[]), Err(BatchError::NoBatch));
}

#[test]
fn magic_decides_before_the_length_does() {
    let with = |magic, batch_length| {
        BatchHeader::parse(&written(&BatchHeader { magic, batch_length, ..header() }))
    };
    assert_eq!(with(0, 14), Err(BatchError::OldMagic { magic: 0 }));
    assert_eq!(with(1, 22), Err(BatchError::OldMagic { magic: 1 }));
    assert_eq!(with(3, 49), Err(BatchError::UnknownMagic { magic: 3 }));
    assert_eq!(with(-1, 49), Err(BatchError::UnknownMagic { magic: -1 }));
    assert_eq!(with(2, 48), Err(BatchError::TooSmall { batch_length: 48 }));
    assert_eq!(with(2, -1), Err(BatchError::TooSmall { batch_length: -1 }));
}

#[test]
fn sequences_wrap_from_the_largest_to_zero() {
    let last = |base_sequence, last_offset_delta| {
        BatchHeader { base_sequence, last_offset_delta, ..header() }.last_sequence()
    };
    assert_eq!(last(5, 2), 7);
    assert_eq!(last(i32::MAX, 0), i32::MAX);
    assert_eq!(last(i32::MAX, 1), 0);
    assert_eq!(last(i32::MAX - 1, 4), 2);
    assert_eq!(last(-1, 4), -1);
}

#[test]
fn attributes_answer_for_themselves() {
    let with = |attributes| BatchHeader { attributes, ..header() };
    for codec in Codec::ALL {
        assert_eq!(with(codec.id()).codec(), Ok(codec));
    }
    assert_eq!(with(7).codec(), Err(BatchError::UnknownCodec { id: 7 }));
    assert_eq!(with(0b1000).timestamp_type(), TimestampType::LogAppendTime);
    assert_eq!(with(0b0111).timestamp_type(), TimestampType::CreateTime);
    assert!(with(0b01_0000).is_transactional() && !with(0b10_1111).is_transactional());
    assert!(with(0b10_0000).is_control() && !with(0b01_1111).is_control());
    assert!(with(0b100_0000).has_delete_horizon());
    assert!(header().has_producer());
    assert!(!BatchHeader { producer_id: NO_PRODUCER, ..header() }.has_producer());
}

#[test]
fn the_checksum_notices_every_bit_it_covers_and_none_in_front_of_it() {
    let mut builder = BatchBuilder::new(Codec::None);
    builder.push(1_000, Some(b"key"), Some(b"value"));
    let batch = builder.finish().unwrap();
    assert!(crate::record::check_crc(&batch));
    for at in 0..batch.len() {
        for bit in 0..8 {
            let mut damaged = batch.clone();
            damaged[at] ^= 1 << bit;
            let stamped =
                (0..BATCH_LENGTH_AT).contains(&at) || (LEADER_EPOCH_AT..MAGIC_AT).contains(&at);
            assert_eq!(crate::record::check_crc(&damaged), stamped, "byte {at} bit {bit}");
        }
    }
}
