//! The measurement: growing files, buffered writes and `fdatasync`, as the broker's first step to
//! the disk is; reads past the page cache. Takes as long as the plan says.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::scratch::{Aligned, ROOM_MIN, Scratch, noise};

/// Bytes of one append while the number of syncs in flight is varied: a batch of many producers.
const BATCH_BYTES: usize = 64 << 10;
/// Bytes of one append while the time of a sync is measured: a small batch.
const SMALL_BYTES: usize = 4 << 10;
/// Bytes of one read, and readers at one time.
const READ_BYTES: usize = 1 << 20;
const READERS: usize = 4;

/// How long and how large.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Time of each step.
    pub step: Duration,
    /// Most bytes in files at one time.
    pub room: u64,
    /// Sizes of writes to try, ascending.
    pub write_bytes: Vec<usize>,
    /// Numbers of writers to try, ascending.
    pub writers: Vec<usize>,
}

/// A rate at one setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Bytes of a write, or writers.
    pub at: usize,
    /// Bytes or syncs in one second.
    pub per_second: f64,
}

/// How long something takes, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// Half of them take no longer.
    pub p50_us: u64,
    /// 99 of 100 take no longer.
    pub p99_us: u64,
    /// How many there were.
    pub count: usize,
}

/// What a directory's disk can do.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The directory.
    pub dir: String,
    /// A small append and its sync, one at a time.
    pub sync: Latency,
    /// Bytes per second of one writer that syncs each write, by the size of a write.
    pub writes: Vec<Rate>,
    /// Syncs per second of several writers with a file each, by their number.
    pub syncs: Vec<Rate>,
    /// Bytes per second read; `None` where the page cache cannot be gone past.
    pub read_per_second: Option<f64>,
}

impl Plan {
    /// The usual steps within about `total`.
    pub fn within(total: Duration, room: u64) -> Plan {
        let write_bytes: Vec<usize> = vec![64 << 10, 256 << 10, 1 << 20, 2 << 20, 4 << 20, 8 << 20];
        let writers: Vec<usize> = vec![1, 2, 4, 8, 16, 32, 64];
        let steps = u32::try_from(write_bytes.len() + writers.len() + 2).unwrap_or(u32::MAX);
        Plan { step: total / steps, room, write_bytes, writers }
    }
}

/// Measures one directory; `tell` hears of every step.
///
/// # Errors
/// A file cannot be made, written, synced or read.
pub fn measure(dir: &Path, plan: &Plan, tell: &dyn Fn(&str)) -> io::Result<Figures> {
    tell("the time of a sync");
    let sync = sync_latency(dir, plan)?;
    let mut writes = Vec::new();
    let mut file = Scratch::new(dir, 0, plan.room)?;
    for bytes in &plan.write_bytes {
        tell(&format!("writes of {} KiB", bytes >> 10));
        let per_second = write_rate(&mut file, *bytes, plan.step)?;
        writes.push(Rate { at: *bytes, per_second });
    }
    tell("reads");
    let read_per_second = read_rate(&mut file, plan.step)?;
    drop(file);
    let mut syncs = Vec::new();
    for writers in &plan.writers {
        tell(&format!("{writers} writers"));
        let per_second = sync_rate(dir, *writers, plan)?;
        syncs.push(Rate { at: *writers, per_second });
    }
    Ok(Figures { dir: dir.display().to_string(), sync, writes, syncs, read_per_second })
}

fn sync_latency(dir: &Path, plan: &Plan) -> io::Result<Latency> {
    let mut file = Scratch::new(dir, 0, plan.room)?;
    let block = noise(SMALL_BYTES);
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || begun.elapsed() < plan.step {
        let start = Instant::now();
        file.append(&block)?;
        file.sync()?;
        times.push(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    times.sort_unstable();
    let share = |percent: usize| {
        let rank = (times.len() * percent).div_ceil(100).max(1);
        times.get(rank - 1).copied().unwrap_or_default()
    };
    Ok(Latency { p50_us: share(50), p99_us: share(99), count: times.len() })
}

fn write_rate(file: &mut Scratch, bytes: usize, time: Duration) -> io::Result<f64> {
    let block = noise(bytes);
    let begun = Instant::now();
    let mut written = 0.0;
    while written == 0.0 || begun.elapsed() < time {
        file.append(&block)?;
        file.sync()?;
        written += bytes as f64;
    }
    Ok(written / begun.elapsed().as_secs_f64())
}

/// Each writer appends to a file of its own and syncs it, as logs of different partitions do.
fn sync_rate(dir: &Path, writers: usize, plan: &Plan) -> io::Result<f64> {
    let room = (plan.room / writers as u64).max(ROOM_MIN);
    let files: io::Result<Vec<Scratch>> =
        (0..writers).map(|number| Scratch::new(dir, number, room)).collect();
    let block = noise(BATCH_BYTES);
    let begun = Instant::now();
    let counts = at_once(files?, |mut file| {
        let mut count = 0_u64;
        while count == 0 || begun.elapsed() < plan.step {
            file.append(&block)?;
            file.sync()?;
            count += 1;
        }
        Ok(count)
    })?;
    Ok(counts.iter().sum::<u64>() as f64 / begun.elapsed().as_secs_f64())
}

/// Reads what the writes left, each reader every fourth piece.
fn read_rate(file: &mut Scratch, time: Duration) -> io::Result<Option<f64>> {
    while file.len() < ROOM_MIN {
        file.append(&noise(READ_BYTES))?;
    }
    file.sync()?;
    let Ok(direct) = file.direct() else { return Ok(None) };
    let pieces = file.len() / READ_BYTES as u64;
    let begun = Instant::now();
    let counts = at_once((0..READERS as u64).collect(), |reader| {
        let mut memory = Aligned::new(READ_BYTES);
        let mut piece = reader;
        let mut bytes = 0_u64;
        while bytes == 0 || begun.elapsed() < time {
            let position = piece % pieces * READ_BYTES as u64;
            bytes += direct.read_at(memory.bytes(), position)? as u64;
            piece += READERS as u64;
        }
        Ok(bytes)
    });
    match counts {
        Ok(counts) => Ok(Some(counts.iter().sum::<u64>() as f64 / begun.elapsed().as_secs_f64())),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(None),
        Err(error) => Err(error),
    }
}

/// A thread for each of `all`; the first error of any.
fn at_once<T: Send>(
    all: Vec<T>,
    work: impl Fn(T) -> io::Result<u64> + Sync,
) -> io::Result<Vec<u64>> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = all.into_iter().map(|one| scope.spawn(move || work(one))).collect();
        let ended = threads.into_iter().map(|thread| match thread.join() {
            Ok(count) => count,
            Err(_) => Err(io::Error::other("a measuring thread panicked")),
        });
        ended.collect()
    })
}
