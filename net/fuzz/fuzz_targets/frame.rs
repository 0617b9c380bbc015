//! A connection's bytes: the first byte of the input says in what pieces the others arrive.

#![no_main]

#[path = "../../tests/counting/mod.rs"]
mod counting;
#[path = "../drive.rs"]
#[allow(dead_code)]
mod drive;

use libfuzzer_sys::fuzz_target;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

fuzz_target!(|input: &[u8]| {
    let Some((step, bytes)) = input.split_first() else { return };
    let (_, peak) = counting::peak_of(|| drive::stream(bytes, usize::from(*step), 100 << 20));
    assert!(peak <= 4 * bytes.len() + (64 << 10), "{peak} bytes held");
});
