//! Kinds of disk operations, and failures planned for them. Values of the simulated world.

use std::io;
use std::path::Path;
use std::time::Duration;

/// What the disk is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OpKind {
    /// Open an existing file or directory, ask for a length, list names.
    Look,
    /// Create a file.
    Create,
    /// Create a directory.
    CreateDirectory,
    /// Write bytes.
    Write,
    /// Read bytes.
    Read,
    /// Make the data of a file durable.
    SyncData,
    /// Cut or extend a file.
    Truncate,
    /// Rename a file or directory.
    Rename,
    /// Remove a name.
    Unlink,
    /// Make the names in a directory durable.
    SyncDirectory,
}

/// A failure planned for one future operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which operations it meets.
    pub kind: OpKind,
    /// Only those whose path contains this text; empty = any.
    pub path_contains: String,
    /// How many such operations succeed first.
    pub after: u64,
    /// The error they get: an errno, as EIO = 5 or ENOSPC = 28.
    pub errno: i32,
}

/// A device that hangs: operations below `path` end no earlier than `until_nanos`.
#[derive(Clone, Debug)]
pub(super) struct Stall {
    pub path: String,
    pub until_nanos: u64,
}

/// The failures and stalls ahead.
#[derive(Debug, Default)]
pub(super) struct Faults {
    planned: Vec<Fault>,
    stalls: Vec<Stall>,
}

impl Faults {
    pub fn plan(&mut self, fault: Fault) {
        self.planned.push(fault);
    }

    pub fn stall(&mut self, path: &Path, until_nanos: u64) {
        self.stalls.push(Stall { path: path.to_string_lossy().into_owned(), until_nanos });
    }

    /// The error that this operation meets, if one was planned for it.
    pub fn meet(&mut self, kind: OpKind, path: &Path) -> Option<io::Error> {
        let path = path.to_string_lossy();
        let at = self.planned.iter_mut().position(|fault| {
            let fits = fault.kind == kind && path.contains(&fault.path_contains);
            if fits && fault.after > 0 {
                fault.after -= 1;
                return false;
            }
            fits
        })?;
        Some(io::Error::from_raw_os_error(self.planned.remove(at).errno))
    }

    /// How much longer than `nanos` from `now` this operation takes because its device hangs.
    pub fn delay(&self, path: &Path, now: u64, nanos: u64) -> u64 {
        let path = path.to_string_lossy();
        let stalls = self.stalls.iter().filter(|stall| path.starts_with(&stall.path));
        stalls.map(|stall| stall.until_nanos.saturating_sub(now)).fold(nanos, u64::max)
    }
}

/// How long one operation takes: mostly short, sometimes long.
pub(super) fn latency(kind: OpKind, rng: &mut crate::runtime::Rng) -> Duration {
    let micros = match kind {
        OpKind::SyncData | OpKind::SyncDirectory => 100 + rng.below(2_000),
        _ => 5 + rng.below(200),
    };
    let slow = if rng.below(64) == 0 { 20 } else { 1 };
    Duration::from_micros(micros * slow)
}
