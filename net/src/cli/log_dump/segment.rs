//! Prints a `.log` file: a line per batch, and a line per record when asked for.

use std::io::{self, Write};
use std::path::Path;

use corelog_engine::record::{BatchHeader, Record, Records, TimestampType, check_crc};

use super::batches::{Batches, Located};
use super::dump::Dump;

/// What the records of a batch may decompress to.
const DECOMPRESS_BYTES: usize = 1 << 30;

/// How much is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// A line per batch.
    Batches,
    /// And a line per record.
    Records,
    /// And in it key and value.
    Data,
}

/// Prints the file; a wrong CRC, wrong records and bytes that are no batch are faults.
pub fn dump(dump: &mut Dump<'_>, path: &Path, detail: Detail) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if let Some(base) = name.get(..20).and_then(|digits| digits.parse::<i64>().ok()) {
        writeln!(dump.out, "Log starting offset: {base}")?;
    }
    let mut batches = Batches::open(path)?;
    while let Some(batch) = batches.next_whole()? {
        one_batch(dump, &batch, detail)?;
        dump.progress.set_position(batches.position());
    }
    if batches.left() > 0 {
        let line =
            format!("Found {} invalid bytes at the end of {}", batches.left(), path.display());
        dump.fault(&line)?;
    }
    Ok(())
}

fn one_batch(dump: &mut Dump<'_>, batch: &Located, detail: Detail) -> io::Result<()> {
    let header = &batch.header;
    let valid = check_crc(&batch.bytes);
    let codec = header.codec().map_or("unknown", |codec| codec.name());
    let horizon = match header.has_delete_horizon() {
        true => format!("OptionalLong[{}]", header.base_timestamp),
        false => "OptionalLong.empty".to_owned(),
    };
    let first_sequence = header.base_sequence;
    let last_sequence = if header.has_producer() { header.last_sequence() } else { -1 };
    let line = format!(
        "baseOffset: {} lastOffset: {} count: {} baseSequence: {first_sequence} \
         lastSequence: {last_sequence} producerId: {} producerEpoch: {} \
         partitionLeaderEpoch: {} isTransactional: {} isControl: {} deleteHorizonMs: {horizon} \
         position: {} {}: {} size: {} magic: {} compresscodec: {codec} crc: {} isvalid: {valid}",
        header.base_offset,
        header.last_offset(),
        header.records_count,
        header.producer_id,
        header.producer_epoch,
        header.partition_leader_epoch,
        header.is_transactional(),
        header.is_control(),
        batch.position,
        clock(header),
        header.max_timestamp,
        header.size_in_bytes(),
        header.magic,
        header.crc,
    );
    if valid {
        writeln!(dump.out, "{line}")?;
    } else {
        dump.fault(&line)?;
    }
    if detail != Detail::Batches && valid { records(dump, batch, detail) } else { Ok(()) }
}

fn clock(header: &BatchHeader) -> &'static str {
    match header.timestamp_type() {
        TimestampType::LogAppendTime => "LogAppendTime",
        TimestampType::CreateTime => "CreateTime",
    }
}

fn records(dump: &mut Dump<'_>, batch: &Located, detail: Detail) -> io::Result<()> {
    let header = &batch.header;
    let records = match Records::open(header, &batch.bytes, DECOMPRESS_BYTES) {
        Ok(records) => records,
        Err(error) => return dump.fault(&format!("| records cannot be read: {error}")),
    };
    let mut count = 0;
    for record in records.iter() {
        match record {
            Ok(record) => one_record(dump.out, header, &record, detail)?,
            Err(error) => return dump.fault(&format!("| record cannot be read: {error}")),
        }
        count += 1;
    }
    if count != header.records_count {
        let line = format!("| {count} records instead of {}", header.records_count);
        dump.fault(&line)?;
    }
    Ok(())
}

fn one_record(
    out: &mut dyn Write,
    header: &BatchHeader,
    record: &Record<'_>,
    detail: Detail,
) -> io::Result<()> {
    let size = |bytes: Option<&[u8]>| bytes.map_or(-1, |bytes| bytes.len() as i64);
    let delta = record.offset.wrapping_sub(header.base_offset);
    let sequence = match header.base_sequence {
        -1 => -1,
        first => (i64::from(first) + delta) & i64::from(i32::MAX),
    };
    let keys: Vec<String> =
        record.headers.map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect();
    write!(
        out,
        "| offset: {} {}: {} keySize: {} valueSize: {} sequence: {sequence} headerKeys: [{}]",
        record.offset,
        clock(header),
        record.timestamp,
        size(record.key),
        size(record.value),
        keys.join(","),
    )?;
    if detail == Detail::Data {
        for (name, bytes) in [("key", record.key), ("payload", record.value)] {
            if let Some(bytes) = bytes {
                write!(out, " {name}: {}", String::from_utf8_lossy(bytes))?;
            }
        }
    }
    writeln!(out)
}
