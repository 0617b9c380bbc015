//! Templates as a broker reads them.

use bytes::BytesMut;
use corelog_engine::record::check_crc;
use corelog_net::wire::{LENGTH_BYTES, ProduceRequest as Received};
use uuid::Uuid;

use super::*;

fn target(produce_version: i16) -> Target {
    Target {
        topic: "t".to_owned(),
        id: Uuid::from_u128(7),
        leaders: Vec::new(),
        starts: Vec::new(),
        firsts: Vec::new(),
        produce_version,
        fetch_version: 12,
    }
}

fn filled(version: i16, workload: &Workload) -> (Received, u64) {
    let target = target(version);
    let mut template = Mould::new(workload, &target, 3).cast().unwrap();
    let mut next = 10;
    let frame = template.fill(99, 1234, || {
        next += 1;
        next
    });
    let mut frame = BytesMut::from(&frame[LENGTH_BYTES..]);
    let header = RequestHeader::split(&mut frame).unwrap();
    assert_eq!((header.correlation_id, header.version), (99, version));
    (Received::decode(version, frame).unwrap(), template.records)
}

#[test]
fn a_broker_reads_partitions_checksums_and_stamps() {
    let workload = Workload { record_bytes: 100, batch_bytes: 1000, ..Workload::default() };
    let workload = Workload { batches_per_request: 3, key_bytes: 5, ..workload };
    for version in [3, 8, 9, 12, 13] {
        let (mut request, records) = filled(version, &workload);
        assert_eq!((request.acks, request.topics_left()), (-1, 1));
        request.next_topic().unwrap();
        let mut seen = 0;
        for index in 11..14 {
            let partition = request.next_partition().unwrap();
            assert_eq!(partition.index, index, "v{version}");
            let batch = partition.records.unwrap();
            let header = BatchHeader::parse(&batch).unwrap();
            assert!(check_crc(&batch));
            assert!(batch.len() <= 1000);
            let records = Records::open(&header, &batch, 0).unwrap();
            for record in records.iter() {
                let value = record.unwrap().value.unwrap();
                assert_eq!(value[..STAMP_BYTES], 1234_u64.to_be_bytes());
                assert_eq!(value.len(), 100);
                seen += 1;
            }
        }
        assert_eq!(seen, records);
        assert!(request.next_partition().is_none());
    }
}

#[test]
fn a_batch_holds_one_record_at_least_and_compressed_ones_stay_sound() {
    let small = Workload { record_bytes: 100, batch_bytes: 1, ..Workload::default() };
    assert_eq!(filled(9, &small).1, 1);
    let workload = Workload {
        compression: crate::workload::Codec::Zstd,
        record_bytes: 1000,
        batch_bytes: 20_000,
        ..Workload::default()
    };
    let (mut request, records) = filled(9, &workload);
    request.next_topic().unwrap();
    let batch = request.next_partition().unwrap().records.unwrap();
    assert!(check_crc(&batch));
    assert!(batch.len() < 16_000 && records >= 19, "{} {records}", batch.len());
}

#[test]
fn values_differ_between_records_and_between_producers() {
    let (workload, target) = (Workload::default(), target(9));
    let mut first = Mould::new(&workload, &target, 0);
    let (a, b) = (first.cast().unwrap(), first.cast().unwrap());
    let c = Mould::new(&workload, &target, 1).cast().unwrap();
    assert!(a.frame != b.frame && a.frame != c.frame);
    let again = Mould::new(&workload, &target, 0).cast().unwrap();
    assert_eq!(again.frame.len(), a.frame.len());
}
