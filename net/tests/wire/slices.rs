//! Slices of files in a Fetch response: their place, and the length of the frame around them.

use std::sync::Arc;

use bytes::Buf;
use corelog_engine::runtime::{OpenMode, Part, SegmentFile, Slice, run_here};
use corelog_net::wire::fetch_response::{
    FetchPartitionResponse, FetchResponse, FetchTopicResponse,
};
use corelog_net::wire::{EncodeError, ErrorCode, TopicRef};

use crate::fetch::header;
use crate::samples::id;

/// A slice of an empty file that says it has `bytes` bytes: nothing here reads it.
fn slice(file: &Arc<SegmentFile>, position: u64, bytes: u32) -> Part {
    Part::File(Slice { file: file.clone(), position, bytes, generation: 0 })
}

fn answered(partitions: Vec<FetchPartitionResponse>) -> FetchResponse {
    let topic = FetchTopicResponse { topic: TopicRef::Id(id(1)), partitions };
    FetchResponse {
        throttle_time_ms: 0,
        error: ErrorCode::None,
        session_id: 0,
        topics: vec![topic],
        node_endpoints: Vec::new(),
    }
}

fn with_records(records: Vec<Part>) -> FetchPartitionResponse {
    FetchPartitionResponse { records, ..FetchPartitionResponse::refused(0, ErrorCode::None) }
}

fn with_file(check: impl FnOnce(Arc<SegmentFile>) + 'static) {
    run_here(async move {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("segment");
        check(SegmentFile::open(&path, OpenMode::CreateNew).await.unwrap());
    });
}

#[test]
fn slices_of_files_stand_between_our_bytes_in_order() {
    with_file(|file| {
        let first = vec![slice(&file, 0, 300), slice(&file, 300, 1 << 20)];
        let response =
            answered(vec![with_records(first), with_records(vec![slice(&file, 9, 70_000)])]);
        let parts = response.into_parts(&header(18)).unwrap();
        let total: u64 = parts.iter().map(Part::bytes).sum();
        let shape: Vec<_> = parts
            .iter()
            .map(|part| match part {
                Part::Memory(_) => None,
                Part::File(slice) => Some((slice.position, slice.bytes)),
            })
            .collect();
        let expected = [None, Some((0, 300)), Some((300, 1 << 20)), None, Some((9, 70_000)), None];
        assert_eq!(shape, expected);
        let Part::Memory(head) = &parts[0] else { panic!("the frame starts with our bytes") };
        assert_eq!(u64::from((&head[..4]).get_u32()), total - 4);
    });
}

#[test]
fn nothing_to_send_is_one_part_with_empty_records() {
    let parts = answered(vec![with_records(Vec::new())]).into_parts(&header(4)).unwrap();
    assert_eq!(parts.len(), 1);
}

#[test]
fn more_than_a_frame_can_hold_is_an_error_of_ours() {
    with_file(|file| {
        let records = || with_records(vec![slice(&file, 0, i32::MAX as u32)]);
        let error = answered(vec![records(), records()]).into_parts(&header(18)).unwrap_err();
        assert!(matches!(error, EncodeError::TooLong(_)), "{error}");
    });
}
