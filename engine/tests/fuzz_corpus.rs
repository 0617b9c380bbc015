//! Replays the committed corpus through every fuzz target, then thousands of seeded mutations of
//! it: no panic, and never more memory than four times the input and 64 KiB.
//!
//! `CORELOG_FUZZ_ROUNDS` asks for more mutations, `CORELOG_FUZZ_SEED` for others.

#![expect(clippy::unwrap_used, reason = "a corpus that cannot be read fails the test")]

mod counting;
#[path = "../fuzz/src/targets.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use corelog_engine::record::{BatchBuilder, Codec, HEADER_BYTES, crc32c};
use counting::{Counting, peak_during};
use targets::TARGETS;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROUNDS: u64 = 20_000;
const SEED: u64 = 0x00c0_ffee;

fn allowed(input: &[u8]) -> usize {
    4 * input.len() + (64 << 10)
}

/// Runs every target; says which one failed on which input.
fn run(name: &str, input: &[u8]) {
    for (target, body) in TARGETS {
        let (outcome, peak) = peak_during(|| catch_unwind(AssertUnwindSafe(|| body(input))));
        let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(outcome.is_ok(), "target {target} panics on {name}: {hex}");
        let allowed = allowed(input);
        assert!(peak <= allowed, "{target} took {peak} of {allowed} bytes on {name}: {hex}");
    }
}

/// Committed files, then batches of every codec and a segment of three, built here.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/batch");
    let mut seeds: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|e| (e.file_name().display().to_string(), std::fs::read(e.path()).unwrap()))
        .collect();
    seeds.sort();
    assert!(seeds.len() >= 10, "the corpus is there");
    let mut segment = Vec::new();
    for codec in Codec::ALL {
        let mut builder = BatchBuilder::new(codec).producer(1, 0, 0);
        for n in 0..20 {
            let value = format!("value {n} value {n} value {n}");
            builder.push_with_headers(n, Some(b"key"), Some(value.as_bytes()), &[("h", None)]);
        }
        let batch = builder.finish().unwrap().to_vec();
        segment.extend_from_slice(&batch);
        seeds.push((format!("built {}", codec.name()), batch));
    }
    seeds.push(("segment".to_string(), segment));
    seeds
}

/// splitmix64: small, seeded, good enough to damage bytes.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Values that sit on edges: lengths, counts and deltas are mostly wrong there.
const EDGES: [u32; 10] =
    [0, 1, 0x7f, 0x80, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff, 0x0100_0000];

fn mutate(dice: &mut Dice, bytes: &mut Vec<u8>) {
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len());
        match dice.below(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            1 if !bytes.is_empty() => bytes[at] = dice.next() as u8,
            2 => bytes.truncate(at),
            3 => bytes.insert(at, dice.next() as u8),
            4 => {
                let end = (at + dice.below(64)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.extend(part);
            }
            _ => {
                let edge = EDGES[dice.below(EDGES.len())].to_be_bytes();
                if let Some(field) = bytes.get_mut(at..at + edge.len()) {
                    field.copy_from_slice(&edge);
                }
            }
        }
    }
}

/// Gives damaged bytes a fitting length and checksum, or nothing behind them would ever be read.
fn repair(bytes: &mut [u8]) {
    if bytes.len() < HEADER_BYTES {
        return;
    }
    let length = (bytes.len() - 12) as i32;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    bytes[16] = 2;
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn the_corpus_and_its_mutations_neither_panic_nor_take_memory() {
    let seeds = corpus();
    for (name, bytes) in &seeds {
        run(name, bytes);
    }
    let seed = setting("CORELOG_FUZZ_SEED", SEED);
    let mut dice = Dice(seed);
    for round in 0..setting("CORELOG_FUZZ_ROUNDS", ROUNDS) {
        let (name, bytes) = &seeds[dice.below(seeds.len())];
        let mut bytes = bytes.clone();
        mutate(&mut dice, &mut bytes);
        if dice.below(4) != 0 {
            repair(&mut bytes);
        }
        run(&format!("{name}, seed {seed}, round {round}"), &bytes);
    }
}

#[test]
fn the_count_sees_what_is_held_at_once_and_what_was_given_back() {
    let (_, peak) = peak_during(|| drop(std::hint::black_box(vec![1_u8; 100_000])));
    assert!((100_000..101_000).contains(&peak), "{peak}");
    let (kept, peak) = peak_during(|| (vec![1_u8; 1_000], vec![1_u8; 1_000]));
    assert!((2_000..2_100).contains(&peak), "{peak}");
    drop(kept);
    let (_, peak) = peak_during(|| (0..9).for_each(|_| drop(vec![1_u8; 1_000])));
    assert!((1_000..1_100).contains(&peak), "{peak}");
}

#[test]
#[should_panic(expected = "took")]
fn a_decoder_that_believes_a_length_would_be_caught() {
    let believe = |input: &[u8]| drop(std::hint::black_box(vec![1_u8; input.len() << 20]));
    let input = [1; 4];
    let ((), peak) = peak_during(|| believe(&input));
    assert!(peak <= allowed(&input), "took {peak}");
}
