//! `.index` and `.timeindex`: prints each entry and holds it against the log beside it.
//!
//! ```text
//! .index      relative offset i32   position i32
//! .timeindex  timestamp i64   relative offset i32
//! ```
//!
//! Offsets are those of a batch's last record, less the base offset in the file's name. The files
//! are filled up with zeros while a broker uses them.

use std::io;
use std::path::Path;

use super::batches::Batches;
use super::dump::Dump;

const OFFSET_ENTRY_BYTES: usize = 8;
const TIME_ENTRY_BYTES: usize = 12;

/// Prints an offset index.
pub fn dump_offsets(dump: &mut Dump<'_>, path: &Path) -> io::Result<()> {
    let bytes = std::fs::read(path)?;
    let base = base_offset(path);
    let mut log = beside(path)?;
    let (entries, rest) = bytes.as_chunks::<OFFSET_ENTRY_BYTES>();
    for entry in entries.iter().take_while(|entry| entry.iter().any(|byte| *byte != 0)) {
        let [a, b, c, d, e, f, g, h] = *entry;
        let offset = base.saturating_add(i64::from(i32::from_be_bytes([a, b, c, d])));
        let position = u32::from_be_bytes([e, f, g, h]);
        writeln!(dump.out, "offset: {offset} position: {position}")?;
        let Some(log) = &mut log else { continue };
        match log.head_at(u64::from(position))? {
            Some(batch) if batch.header.last_offset() == offset => {}
            Some(batch) => {
                let found = batch.header.last_offset();
                let line = format!(
                    "Mismatches in :{}\n  Index offset: {offset}, log offset: {found}",
                    path.display()
                );
                dump.fault(&line)?;
            }
            None => {
                let line = format!(
                    "Mismatches in :{}\n  Index offset: {offset}, no batch at {position}",
                    path.display()
                );
                dump.fault(&line)?;
            }
        }
    }
    rest_is_a_fault(dump, path, rest)
}

/// Prints a time index.
pub fn dump_times(dump: &mut Dump<'_>, path: &Path) -> io::Result<()> {
    let bytes = std::fs::read(path)?;
    let base = base_offset(path);
    let mut seen = beside(path)?.map(|log| Seen { log, last: -1, youngest: i64::MIN });
    let (entries, rest) = bytes.as_chunks::<TIME_ENTRY_BYTES>();
    for entry in entries.iter().take_while(|entry| entry.iter().any(|byte| *byte != 0)) {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *entry;
        let timestamp = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let offset = base.saturating_add(i64::from(i32::from_be_bytes([i, j, k, l])));
        writeln!(dump.out, "timestamp: {timestamp} offset: {offset}")?;
        let Some(seen) = &mut seen else { continue };
        seen.up_to(offset)?;
        if seen.youngest != timestamp || seen.last < offset {
            let line = format!(
                "Found timestamp mismatch in :{}\n  Index timestamp: {timestamp}, \
                 log timestamp: {}",
                path.display(),
                seen.youngest
            );
            dump.fault(&line)?;
        }
    }
    rest_is_a_fault(dump, path, rest)
}

/// How far the log beside a time index has been walked.
struct Seen {
    log: Batches,
    last: i64,
    youngest: i64,
}

impl Seen {
    /// Walks on until `offset` has been passed; entries come in rising order.
    fn up_to(&mut self, offset: i64) -> io::Result<()> {
        while self.last < offset {
            let Some(batch) = self.log.next_head()? else { break };
            self.last = batch.header.last_offset();
            self.youngest = self.youngest.max(batch.header.max_timestamp);
        }
        Ok(())
    }
}

fn rest_is_a_fault(dump: &mut Dump<'_>, path: &Path, rest: &[u8]) -> io::Result<()> {
    if rest.iter().any(|byte| *byte != 0) {
        let line = format!("Found {} invalid bytes at the end of {}", rest.len(), path.display());
        return dump.fault(&line);
    }
    Ok(())
}

fn base_offset(path: &Path) -> i64 {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.get(..20).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The log that an index belongs to; `None` when it is not there.
fn beside(path: &Path) -> io::Result<Option<Batches>> {
    match Batches::open(&path.with_extension("log")) {
        Ok(log) => Ok(Some(log)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
