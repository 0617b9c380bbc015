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
use std::sync::Arc;

use bytes::Bytes;
use corelog_engine::record::offsets_topic::{
    ClassicGroupValue, ClassicMemberValue, CommittedOffset, CurrentValue, GroupEpochValue,
    GroupRecord, MemberValue, OwnedPartitions, PatternValue, TopicPartitions,
};
use corelog_engine::record::{BatchBuilder, Codec, HEADER_BYTES, crc32c};
use counting::{Counting, peak_during};
use targets::TARGETS;
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROUNDS: u64 = 20_000;
const SEED: u64 = 0x00c0_ffee;
const TOPIC: Uuid = Uuid::from_u128(0x0102_0304_0506_0708_1112_1314_1516_1718);

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

/// Committed files, then batches of every codec, a segment of three, and records of groups, built
/// here.
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
    for record in group_records() {
        let (key, value) = (record.key_bytes(), record.value_bytes().unwrap());
        let seed = [&[key.len() as u8], &key[..], &value[..]].concat();
        seeds.push((format!("group record {}", key[1]), seed));
    }
    seeds
}

/// One of every kind with as much in it as there can be.
fn group_records() -> Vec<GroupRecord> {
    let name = |name: &str| Arc::from(name);
    let (group, member): (Arc<str>, Arc<str>) = (name("g"), name("m"));
    let offset = CommittedOffset {
        offset: 42,
        leader_epoch: 7,
        metadata: name("note"),
        commit_timestamp: 1_700_000_000_000,
        expire_timestamp: -1,
        topic_id: TOPIC,
    };
    let classic_member = ClassicMemberValue {
        member_id: member.clone(),
        instance_id: Some(name("i")),
        client_id: name("c"),
        client_host: name("/10.0.0.1"),
        rebalance_timeout_ms: 300_000,
        session_timeout_ms: 45_000,
        subscription: Bytes::from_static(&[1, 2]),
        assignment: Bytes::from_static(&[3]),
    };
    let classic = ClassicGroupValue {
        protocol_type: name("consumer"),
        generation: 5,
        protocol: Some(name("range")),
        leader: Some(member.clone()),
        state_timestamp: 1_700_000_000_000,
        members: vec![classic_member],
    };
    let epoch = GroupEpochValue { epoch: 9, metadata_hash: 10 };
    let wish = MemberValue { topics: vec![name("a"), name("b")], ..MemberValue::default() };
    let owned = vec![OwnedPartitions { topic: TOPIC, partitions: vec![(0, 9), (1, 8)] }];
    let current = CurrentValue {
        member_epoch: 9,
        previous_member_epoch: 8,
        state: 1,
        assigned: owned.clone(),
        revoking: owned,
    };
    let target = vec![TopicPartitions { topic: TOPIC, partitions: vec![0, 2] }];
    let matched = PatternValue { topics: vec![name("a")], version: 1, timestamp: 2 };
    let group = || group.clone();
    let member = || member.clone();
    vec![
        GroupRecord::Offset { group: group(), topic: name("t"), partition: 1, value: Some(offset) },
        GroupRecord::Classic { group: group(), value: Some(classic) },
        GroupRecord::Epoch { group: group(), value: Some(epoch) },
        GroupRecord::Member { group: group(), member: member(), value: Some(wish) },
        GroupRecord::Target { group: group(), member: member(), value: Some(target) },
        GroupRecord::Current { group: group(), member: member(), value: Some(current) },
        GroupRecord::Pattern { group: group(), pattern: name("a.*"), value: Some(matched) },
    ]
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
