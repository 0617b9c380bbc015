//! `.snapshot`, a log's producers at an offset, and `leader-epoch-checkpoint`.
//!
//! ```text
//! .snapshot  version i16 = 1   crc u32 of what follows   count i32   entry*
//! entry      producer id i64   epoch i16   last sequence i32   last offset i64   offset delta i32
//!            timestamp i64   coordinator epoch i32   first offset of the open transaction i64
//! ```

use std::io::{self, Write};
use std::path::Path;

use bytes::Buf;
use corelog_engine::record::crc32c;

use super::dump::Dump;

const CHECKED_FROM: usize = 6;
const HEAD_BYTES: usize = 10;
const ENTRY_BYTES: usize = 46;

/// Prints a snapshot of producers.
pub fn dump_snapshot(dump: &mut Dump<'_>, path: &Path) -> io::Result<()> {
    let bytes = std::fs::read(path)?;
    if bytes.len() < HEAD_BYTES {
        return dump.fault("the file is too short for a snapshot");
    }
    let mut head = &bytes[..];
    let (version, crc, count) = (head.get_i16(), head.get_u32(), head.get_i32());
    if version != 1 {
        return dump.fault(&format!("version {version} instead of 1"));
    }
    if crc != crc32c(&bytes[CHECKED_FROM..]) {
        return dump.fault("the CRC does not match");
    }
    let (entries, rest) = head.as_chunks::<ENTRY_BYTES>();
    if entries.len() as i64 != i64::from(count) || !rest.is_empty() {
        return dump.fault(&format!("the length does not fit {count} entries"));
    }
    for entry in entries {
        one_producer(dump.out, &entry[..])?;
    }
    Ok(())
}

fn one_producer(out: &mut dyn Write, mut entry: &[u8]) -> io::Result<()> {
    let (id, epoch, last_sequence) = (entry.get_i64(), entry.get_i16(), entry.get_i32());
    let (last_offset, delta, timestamp) = (entry.get_i64(), entry.get_i32(), entry.get_i64());
    let (coordinator_epoch, open_from) = (entry.get_i32(), entry.get_i64());
    let open_from = match open_from {
        ..0 => "OptionalLong.empty".to_owned(),
        offset => format!("OptionalLong[{offset}]"),
    };
    write!(
        out,
        "producerId: {id} producerEpoch: {epoch} coordinatorEpoch: {coordinator_epoch} \
         currentTxnFirstOffset: {open_from} lastTimestamp: {timestamp} "
    )?;
    if last_sequence >= 0 {
        let first = (i64::from(last_sequence) - i64::from(delta)) & i64::from(i32::MAX);
        write!(
            out,
            "firstSequence: {first} lastSequence: {last_sequence} lastOffset: {last_offset} \
             offsetDelta: {delta} timestamp: {timestamp}"
        )?;
    }
    writeln!(out)
}

/// Prints the epochs of a log: version, count, then `epoch offset` per line.
pub fn dump_epochs(dump: &mut Dump<'_>, path: &Path) -> io::Result<()> {
    let text = std::fs::read_to_string(path)?;
    let mut lines = text.lines();
    let version = lines.next().unwrap_or_default();
    if version != "0" {
        return dump.fault(&format!("version `{version}` instead of 0"));
    }
    let count = lines.next().unwrap_or_default();
    let mut found = 0;
    for line in lines {
        let words: Vec<Option<i64>> =
            line.split_whitespace().map(|word| word.parse().ok()).collect();
        match words[..] {
            [Some(epoch), Some(start)] => {
                writeln!(dump.out, "epoch: {epoch} startOffset: {start}")?;
            }
            _ => dump.fault(&format!("`{line}` is not an epoch and an offset"))?,
        }
        found += 1;
    }
    if count != found.to_string() {
        dump.fault(&format!("{found} lines instead of {count}"))?;
    }
    Ok(())
}
