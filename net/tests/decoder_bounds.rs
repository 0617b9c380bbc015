//! No bytes from a socket make a decoder panic, or hold more than 4 times what arrived plus 64 KiB:
//! frames cut anywhere, lengths that lie, floods of tags, random damage. Decoders here allocate
//! nothing by a count, so the tests ask for much less than the promise where they can.

#![allow(clippy::unwrap_used, reason = "a test")]

mod counting;
#[path = "../fuzz/drive.rs"]
mod drive;
mod samples;

use bytes::{BufMut, BytesMut};
use corelog_net::wire::{ApiKey, Malformed, RequestHeader};
use counting::peak_of;
use proptest::prelude::*;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// What reading a frame may hold beyond the frame itself: reference counts of its buffer.
const BESIDE_THE_FRAME_MAX: usize = 1024;

/// Reads a frame and checks what it took.
fn read_within_bounds(frame: &[u8]) -> Result<(), Malformed> {
    let frame = BytesMut::from(frame);
    let (result, peak) = peak_of(|| drive::request(frame));
    assert!(peak <= BESIDE_THE_FRAME_MAX, "{peak} bytes held for one frame");
    result
}

fn hear_within_bounds(input: &[u8]) -> Result<(), Malformed> {
    let input = BytesMut::from(input);
    let (result, peak) = peak_of(|| drive::answer(input));
    assert!(peak <= BESIDE_THE_FRAME_MAX, "{peak} bytes held for one answer");
    result
}

#[test]
fn the_allocator_counts() {
    let (held, peak) = peak_of(|| vec![1u8; 5000]);
    assert!((5000..6000).contains(&peak));
    let (_, peak) = peak_of(|| drop(held));
    assert_eq!(peak, 0);
}

#[test]
fn every_request_reads_whole_and_no_prefix_of_it_does() {
    for sample in samples::all() {
        let frame = &sample.frame[..];
        read_within_bounds(frame).unwrap();
        for length in 0..frame.len() {
            let cut = read_within_bounds(&frame[..length]);
            assert!(cut.is_err(), "{:?} v{} cut to {length}", sample.key, sample.version);
        }
    }
}

/// Puts every length that lies at every place of a frame that has `padding` bytes to spare.
fn with_lying_lengths(frame: &[u8], padding: usize, read: impl Fn(&[u8])) {
    let mut padded = frame.to_vec();
    padded.resize(frame.len() + padding, 0);
    for at in 0..frame.len() {
        let after = |width: usize| padded.len() - at - width;
        let try_with = |lie: &[u8]| {
            let mut damaged = padded.clone();
            damaged[at..at + lie.len()].copy_from_slice(lie);
            read(&damaged);
        };
        let remaining = after(4) as i32;
        for lie in [remaining, remaining + 1, i32::MAX, -1, -2, i32::MIN] {
            try_with(&lie.to_be_bytes());
        }
        for lie in [after(2) as i16, i16::MAX, -1, -2, i16::MIN] {
            try_with(&lie.to_be_bytes());
        }
        let (mut exact, mut beyond) = (BytesMut::new(), BytesMut::new());
        put_padded_varint(&mut exact, after(5) as u32 + 1);
        put_padded_varint(&mut beyond, after(5) as u32 + 2);
        try_with(&exact);
        try_with(&beyond);
        try_with(&[0xff, 0xff, 0xff, 0xff, 0x07]);
        try_with(&[0xff, 0xff, 0xff, 0xff, 0x0f]);
        try_with(&[0xff; 5]);
    }
}

/// A variable-length integer of five bytes, whatever its value.
fn put_padded_varint(into: &mut BytesMut, value: u32) {
    for shift in [0, 7, 14, 21] {
        into.put_u8((value >> shift) as u8 & 0x7f | 0x80);
    }
    into.put_u8((value >> 28) as u8);
}

#[test]
fn lengths_that_lie_cost_nothing_in_any_request() {
    for sample in samples::all() {
        with_lying_lengths(&sample.frame, 2048, |damaged| {
            let _ = read_within_bounds(damaged);
        });
    }
}

#[test]
fn lengths_that_lie_cost_nothing_in_any_answer() {
    for key in ApiKey::all() {
        for version in key.versions() {
            // Zeros are a valid, empty answer of every kind.
            let mut input = vec![0, key.code() as u8, 0, version as u8];
            input.resize(80, 0);
            with_lying_lengths(&input, 512, |damaged| {
                let _ = hear_within_bounds(damaged);
            });
        }
    }
}

#[test]
fn a_million_elements_cost_nothing_but_time() {
    let mut body = BytesMut::new();
    body.put_u32(1 << 20);
    body.put_bytes(0, 4 << 20);
    // Metadata v0: as many topics without a name, two bytes each.
    read_within_bounds(&samples::frame(ApiKey::Metadata, 0, &body)).unwrap();
}

#[test]
fn a_flood_of_tags_is_refused_at_once() {
    let mut header = BytesMut::from(&[0, 18, 0, 3, 0, 0, 0, 1, 0xff, 0xff][..]);
    put_padded_varint(&mut header, 20_000_000);
    header.put_bytes(0, 1 << 20);
    assert_eq!(read_within_bounds(&header), Err(Malformed::TooManyTags(20_000_000)));
    // The same at the end of a body and inside of one.
    for (version, before) in [(3, &[1u8, 1][..]), (4, &[1, 1][..])] {
        let mut body = BytesMut::from(before);
        put_padded_varint(&mut body, 65);
        body.put_bytes(0, 1 << 10);
        let frame = samples::frame(ApiKey::ApiVersions, version, &body);
        assert_eq!(read_within_bounds(&frame), Err(Malformed::TooManyTags(65)));
    }
}

#[test]
fn a_header_shorter_than_any_request_is_refused() {
    for length in 0..8 {
        let error = RequestHeader::split(&mut BytesMut::zeroed(length)).unwrap_err();
        assert_eq!(error, Malformed::Short);
    }
}

#[test]
fn a_declared_frame_costs_nothing_before_it_arrives() {
    let declared = [&(100i32 << 20).to_be_bytes()[..], &[0; 100]].concat();
    let (frames, peak) = peak_of(|| drive::stream(&declared, 10, 100 << 20));
    assert_eq!(frames, 0);
    assert!(peak <= 4 * declared.len() + (64 << 10), "{peak} bytes held");
}

proptest! {
    #[test]
    fn random_damage_is_refused_or_read_within_bounds(
        which: prop::sample::Index,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let samples = samples::all();
        let mut frame = which.get(&samples).frame.to_vec();
        for (at, byte) in damage {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        let _ = read_within_bounds(&frame);
        let _ = hear_within_bounds(&frame);
    }

    #[test]
    fn random_bytes_under_any_key_are_refused_or_read_within_bounds(
        key in prop::sample::select(ApiKey::all().collect::<Vec<_>>()),
        version in 0i16..20,
        bytes in prop::collection::vec(prop_oneof![Just(0u8), 0u8..4, any::<u8>()], 0..400),
    ) {
        let _ = read_within_bounds(&samples::frame(key, version, &bytes));
        let mut answer = [key.code().to_be_bytes(), version.to_be_bytes()].concat();
        answer.extend(bytes);
        let _ = hear_within_bounds(&answer);
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_frames(step in 1usize..300) {
        let mut bytes = Vec::new();
        let samples = samples::all();
        for sample in &samples {
            bytes.extend((sample.frame.len() as u32).to_be_bytes());
            bytes.extend(&sample.frame);
        }
        let (frames, peak) = peak_of(|| drive::stream(&bytes, step, 1 << 20));
        prop_assert_eq!(frames, samples.len());
        prop_assert!(peak <= 4 * bytes.len() + (64 << 10), "{} bytes held", peak);
    }
}
