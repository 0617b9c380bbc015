//! Any response, as the client reads it: api key and version of its request, then the frame.

#![no_main]

#[path = "../../tests/counting/mod.rs"]
mod counting;
#[path = "../drive.rs"]
#[allow(dead_code)]
mod drive;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

fuzz_target!(|input: &[u8]| {
    let frame = BytesMut::from(input);
    let (_, peak) = counting::peak_of(|| drive::answer(frame));
    assert!(peak <= 3 * input.len() + (64 << 10), "{peak} bytes held beside the frame");
});
