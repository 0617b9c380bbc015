//! Replays the corpus of the fuzz targets (`net/fuzz`) within the memory that decoders may take.

#![allow(clippy::unwrap_used, reason = "a test")]

mod counting;
#[path = "../fuzz/drive.rs"]
mod drive;
mod samples;

use std::fs;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use corelog_net::wire::ApiKey;
use counting::peak_of;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

/// Reads every file of a target's corpus and gives back their names.
fn replay(target: &str, read: impl Fn(&[u8])) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder(target)).unwrap() {
        let path = entry.unwrap().path();
        let input = fs::read(&path).unwrap();
        let ((), peak) = peak_of(|| read(&input));
        let allowed = 4 * input.len() + (64 << 10);
        assert!(peak <= allowed, "{}: {peak} bytes held, {allowed} allowed", path.display());
        names.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    names
}

#[test]
fn requests_of_the_corpus_are_read_or_refused() {
    let names = replay("request", |input| {
        let _ = drive::request(BytesMut::from(input));
    });
    for key in ApiKey::all() {
        let name = format!("{}-v{}", key.name(), key.versions().end());
        assert!(names.contains(&name), "{name} is not in the corpus: write it anew");
    }
}

#[test]
fn answers_of_the_corpus_are_read_or_refused() {
    let names = replay("answer", |input| {
        let _ = drive::answer(BytesMut::from(input));
    });
    assert!(!names.is_empty());
}

#[test]
fn streams_of_the_corpus_are_cut_or_refused() {
    let names = replay("frame", |input| {
        let Some((step, bytes)) = input.split_first() else { return };
        drive::stream(bytes, usize::from(*step), 100 << 20);
    });
    assert!(!names.is_empty());
}

#[test]
#[ignore = "writes the corpus anew; run it after a request was added"]
fn write_the_corpus() {
    for target in ["request", "answer", "frame"] {
        fs::create_dir_all(folder(target)).unwrap();
    }
    let write = |target: &str, name: &str, bytes: &[u8]| {
        fs::write(folder(target).join(name), bytes).unwrap();
    };
    let mut stream = vec![7];
    for sample in samples::all() {
        let versions = sample.key.versions();
        if [versions.start(), versions.end()].contains(&&sample.version) {
            let name = format!("{}-v{}", sample.key.name(), sample.version);
            write("request", &name, &sample.frame);
            stream.extend((sample.frame.len() as u32).to_be_bytes());
            stream.extend(&sample.frame);
            let mut zeros = vec![0, sample.key.code() as u8, 0, sample.version as u8];
            zeros.resize(80, 0);
            write("answer", &name, &zeros);
        }
    }
    write("frame", "every-request", &stream);
    for (name, length) in
        [("declared-100-mib", 100 << 20), ("negative", -1), ("longest", i32::MAX), ("empty", 0)]
    {
        write("frame", name, &[&[1], &i32::to_be_bytes(length)[..], &[0; 40]].concat());
    }
    for (name, frame) in hostile() {
        write("request", name, &frame);
    }
}

/// Requests that cost a careless broker much: most of them an advisory about another broker.
fn hostile() -> Vec<(&'static str, BytesMut)> {
    let of = |key, version, body: &[u8]| samples::frame(key, version, body);
    let zeros = [0; 600];
    let counted = |count: i32| [&count.to_be_bytes()[..], &zeros].concat();
    let compact = |count: &[u8]| [count, &zeros].concat();
    let flood = [&[0, 18, 0, 3, 0, 0, 0, 1, 0xff, 0xff][..], &[0xff, 0xff, 0x7f], &zeros].concat();
    vec![
        ("header-tag-flood", BytesMut::from(&flood[..])),
        ("body-tag-flood", of(ApiKey::ApiVersions, 4, &compact(&[1, 1, 0xff, 0xff, 0x7f]))),
        ("count-of-all-bytes", of(ApiKey::Metadata, 1, &counted(600))),
        ("count-of-one-more", of(ApiKey::Metadata, 1, &counted(601))),
        ("count-of-two-billion", of(ApiKey::Metadata, 1, &counted(i32::MAX))),
        ("count-below-null", of(ApiKey::Metadata, 1, &counted(-2))),
        ("compact-count-of-four-billion", {
            of(ApiKey::Metadata, 13, &compact(&[0xff, 0xff, 0xff, 0xff, 0x0f]))
        }),
        ("varint-without-end", of(ApiKey::Metadata, 13, &compact(&[0xff; 9]))),
        ("nested-empty-arrays", of(ApiKey::CreateTopics, 7, &compact(&[0x80, 0x04]))),
        ("topics-without-partitions", {
            of(ApiKey::Produce, 9, &compact(&[0, 0, 1, 0, 0, 0, 9, 0x80, 0x01]))
        }),
        ("header-only", of(ApiKey::Produce, 13, &[])),
        ("not-utf8", of(ApiKey::Metadata, 1, &[0, 0, 0, 1, 0, 2, 0xc3, 0x28, 0])),
        ("unknown-key", BytesMut::from(&[0x7f; 40][..])),
        ("four-bytes", BytesMut::from(&[0, 3, 0, 1][..])),
    ]
}
