//! Frames that arrive in pieces, and lengths that are refused.

use bytes::{BufMut, BytesMut};

use super::*;

const SPLITTER: FrameSplitter = FrameSplitter { frame_bytes_max: 100 };

fn arrived(length: i32, bytes: usize) -> BytesMut {
    let mut arrived = BytesMut::new();
    arrived.put_i32(length);
    arrived.put_bytes(7, bytes);
    arrived
}

#[test]
fn frames_come_out_whole_and_in_order() {
    let mut buffer = arrived(8, 8);
    buffer.extend_from_slice(&arrived(100, 100));
    buffer.extend_from_slice(&arrived(9, 3));
    assert_eq!(SPLITTER.split(&mut buffer).unwrap().unwrap().len(), 8);
    assert_eq!(SPLITTER.split(&mut buffer).unwrap().unwrap().len(), 100);
    assert_eq!(SPLITTER.split(&mut buffer), Ok(None));
    assert_eq!(SPLITTER.progress(&buffer), Ok(Progress::Missing(6)));
    buffer.put_bytes(7, 6);
    assert_eq!(SPLITTER.split(&mut buffer).unwrap().unwrap().len(), 9);
    assert_eq!(SPLITTER.split(&mut buffer), Ok(None));
}

#[test]
fn a_length_is_judged_as_soon_as_it_is_there() {
    assert_eq!(SPLITTER.progress(&[0, 0, 0]), Ok(Progress::Missing(1)));
    assert_eq!(SPLITTER.progress(&[]), Ok(Progress::Missing(4)));
    let judge = |length: i32| SPLITTER.split(&mut arrived(length, 0));
    assert_eq!(judge(-1), Err(FrameError::Negative(-1)));
    assert_eq!(judge(i32::MIN), Err(FrameError::Negative(i32::MIN)));
    assert_eq!(judge(101), Err(FrameError::TooLong { declared: 101, max: 100 }));
    assert_eq!(judge(7), Err(FrameError::TooShort(7)));
    assert_eq!(judge(0), Err(FrameError::TooShort(0)));
    assert_eq!(judge(100), Ok(None));
}

#[test]
fn a_frame_is_not_copied_and_nothing_is_reserved_for_a_promise() {
    let mut buffer = arrived(50, 50);
    let at = buffer.as_ptr();
    let frame = SPLITTER.split(&mut buffer).unwrap().unwrap();
    assert_eq!(frame.as_ptr(), at.wrapping_add(LENGTH_BYTES));
    let mut declared = arrived(100, 0);
    let capacity = declared.capacity();
    assert_eq!(SPLITTER.split(&mut declared), Ok(None));
    assert_eq!(declared.capacity(), capacity);
}
