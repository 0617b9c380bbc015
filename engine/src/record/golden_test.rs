//! Batches that kafka-clients 4.3.1 built (`MemoryRecordsBuilder`, Java), one per codec.
//!
//! Producer 7, epoch 1, sequence 5; three records: a key, a value and two headers (one null); a
//! null key and a repetitive value, a second older than the batch; a null value.

use super::*;

const FROM_JAVA: [(Codec, &str); 5] = [
    (
        Codec::None,
        "000000000000000000000090ffffffff027733bd1c0000000000020000018bcfe568000000018bcf\
         e569f40000000000000007000100000005000000032a000000066b65790a76616c75650402680278\
         026e017800cf0f02016a616761696e20616761696e20616761696e20616761696e20616761696e20\
         616761696e20616761696e20616761696e20616761696e001600e8070408676f6e650100",
    ),
    (
        Codec::Gzip,
        "000000000000000000000077ffffffff0231ca76960001000000020000018bcfe568000000018bcf\
         e569f40000000000000007000100000005000000031f8b08000000000000ffd362606060cb4eade4\
         2a4bcc294d6561ca60aa60ca63ac6038cfcfc49895989e9899a74022c920c6f0829d85233d3f2f95\
         91010026ae85935f000000",
    ),
    (
        Codec::Snappy,
        "00000000000000000000007bffffffff02cf81e3fe0002000000020000018bcfe568000000018bcf\
         e569f400000000000000070001000000050000000382534e41505059000000000100000001000000\
         365f882a000000066b65790a76616c75650402680278026e017800cf0f02016a616761696e20ba06\
         0030001600e8070408676f6e650100",
    ),
    (
        Codec::Lz4,
        "000000000000000000000076ffffffff026509478e0003000000020000018bcfe568000000018bcf\
         e569f400000000000000070001000000050000000304224d1860408236000000ff142a000000066b\
         65790a76616c75650402680278026e017800cf0f02016a616761696e2006001cd0001600e8070408\
         676f6e65010000000000",
    ),
    (
        Codec::Zstd,
        "000000000000000000000075ffffffff02ac8d7d1b0004000000020000018bcfe568000000018bcf\
         e569f400000000000000070001000000050000000328b52ffd0058c4010004032a000000066b6579\
         0a76616c75650402680278026e017800cf0f02016a616761696e20001600e8070408676f6e650100\
         010023517902010000",
    ),
];

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

/// What the Java program was told to build.
fn ours(codec: Codec) -> BatchBuilder {
    let mut builder = BatchBuilder::new(codec).producer(7, 1, 5);
    let headers: [(&str, Option<&[u8]>); 2] = [("h", Some(b"x")), ("n", None)];
    builder.push_with_headers(1_700_000_000_000, Some(b"key"), Some(b"value"), &headers);
    builder.push(1_699_999_999_000, None, Some(["again"; 9].join(" ").as_bytes()));
    builder.push(1_700_000_000_500, Some(b"gone"), None);
    builder
}

#[test]
fn batches_from_java_pass_the_rules_and_read_as_they_were_meant() {
    let rules = ProduceRules {
        bytes_max: 1_048_588,
        zstd_allowed: true,
        append_time: false,
        now_ms: 1_700_000_000_500,
        timestamp_before_max_ms: 1_500,
        timestamp_after_max_ms: 0,
        keys_required: false,
    };
    for (codec, hex) in FROM_JAVA {
        let batch = bytes(hex);
        let header = check_produced(&batch, &rules).unwrap();
        assert_eq!(header.codec(), Ok(codec));
        assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (7, 1, 5));
        assert_eq!(header.max_timestamp, 1_700_000_000_500);
        let opened = Records::open(&header, &batch, 1 << 16).unwrap();
        let records: Vec<_> = opened.iter().map(Result::unwrap).collect();
        assert_eq!((records[0].key, records[0].value), (Some(&b"key"[..]), Some(&b"value"[..])));
        let headers: Vec<_> = records[0].headers.collect();
        assert_eq!(headers, [(&b"h"[..], Some(&b"x"[..])), (&b"n"[..], None)]);
        assert_eq!((records[1].offset, records[1].timestamp), (1, 1_699_999_999_000));
        assert_eq!(records[1].key, None);
        assert_eq!((records[2].key, records[2].value), (Some(&b"gone"[..]), None));
        assert_eq!(records.len(), 3);
    }
}

#[test]
fn our_builder_writes_what_java_writes() {
    let (codec, hex) = FROM_JAVA[0];
    assert_eq!(ours(codec).finish().unwrap(), bytes(hex));
}

#[test]
fn our_compressed_records_are_the_same_records() {
    for (codec, hex) in FROM_JAVA {
        let (java, ours) = (bytes(hex), ours(codec).finish().unwrap());
        let plain = |batch: &[u8]| {
            let header = BatchHeader::parse(batch).unwrap();
            let stored = &batch[HEADER_BYTES..];
            match codec {
                Codec::None => stored.to_vec(),
                _ => {
                    super::decompress::decompress(header.codec().unwrap(), stored, 1 << 16).unwrap()
                }
            }
        };
        assert_eq!(plain(&java), plain(&ours), "{codec:?}");
    }
}

#[test]
fn an_old_message_is_recognised_by_its_magic() {
    // Message format v1: offset 0, size 22, CRC-32, magic 1, attributes, timestamp, null, empty.
    let mut old = vec![0; 8];
    old.extend(22_i32.to_be_bytes());
    old.extend([0xef, 0x98, 0xc9, 0x20, 1, 0]);
    old.extend(5_i64.to_be_bytes());
    old.extend((-1_i32).to_be_bytes());
    old.extend(0_i32.to_be_bytes());
    assert_eq!(BatchHeader::parse(&old), Err(BatchError::OldMagic { magic: 1 }));
}
