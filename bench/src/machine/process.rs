//! What /proc says of a process. CPU time is of all its threads, io_uring's workers and threads
//! that ended included. Any thread.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;

use rustix::param::clock_ticks_per_second;

/// CPU time of a process at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CpuTime {
    /// Seconds in user space and in the kernel together.
    pub seconds: f64,
}

/// Seconds of CPU that a process has used.
///
/// # Errors
/// There is no such process.
pub fn cpu_seconds(id: u32) -> io::Result<CpuTime> {
    let text = fs::read_to_string(format!("/proc/{id}/stat"))?;
    ticks(&text)
        .map(|ticks| CpuTime { seconds: ticks as f64 / clock_ticks_per_second() as f64 })
        .ok_or_else(|| io::Error::other(format!("/proc/{id}/stat is not as expected")))
}

/// How long the living threads of a process have run: finer than [`cpu_seconds`], which counts
/// ticks of 10 ms. For looks at a process that does next to nothing, whose threads live on.
#[derive(Debug, Clone, Default)]
pub struct Threads(BTreeMap<OsString, u64>);

impl Threads {
    /// As they are now.
    ///
    /// # Errors
    /// There is no such process.
    pub fn of(id: u32) -> io::Result<Threads> {
        let mut threads = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{id}/task"))? {
            let task = task?;
            // A thread may end meanwhile.
            let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else { continue };
            let ran = text.split_whitespace().next().and_then(|one| one.parse().ok());
            threads.insert(task.file_name(), ran.unwrap_or(0));
        }
        Ok(Threads(threads))
    }

    /// Seconds that those of now have run since.
    pub fn seconds_since(&self, before: &Threads) -> f64 {
        let ran = |(name, ran): (&OsString, &u64)| {
            ran.saturating_sub(before.0.get(name).copied().unwrap_or(0))
        };
        self.0.iter().map(ran).sum::<u64>() as f64 / 1e9
    }
}

/// User and system ticks: fields 14 and 15, counted behind the name, which may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

/// Resident memory now, in bytes.
///
/// # Errors
/// There is no such process.
pub fn rss_bytes(id: u32) -> io::Result<u64> {
    status(id, "VmRSS:")
}

/// The most resident memory so far, in bytes.
///
/// # Errors
/// There is no such process.
pub fn rss_peak_bytes(id: u32) -> io::Result<u64> {
    status(id, "VmHWM:")
}

/// Bytes that a process had the disk read.
///
/// # Errors
/// There is no such process, or it is somebody else's.
pub fn read_bytes(id: u32) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/io"))?;
    number(&text, "read_bytes:").ok_or_else(|| io::Error::other(format!("no read_bytes of {id}")))
}

fn status(id: u32, key: &str) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/status"))?;
    let kib = number(&text, key).ok_or_else(|| io::Error::other(format!("no {key} of {id}")))?;
    Ok(kib * 1024)
}

/// Context switches of all living threads so far, wanted and unwanted.
///
/// # Errors
/// There is no such process.
pub fn switches(id: u32) -> io::Result<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{id}/task"))? {
        // A thread may end meanwhile.
        let Ok(text) = fs::read_to_string(task?.path().join("status")) else { continue };
        let keys = ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"];
        sum += keys.iter().filter_map(|key| number(&text, key)).sum::<u64>();
    }
    Ok(sum)
}

/// The number behind a key at the start of a line.
fn number(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_spaces_and_parentheses_do_not_shift_the_fields() {
        let stat = "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 300 20 0 0";
        assert_eq!(ticks(stat), Some(320));
        assert_eq!(ticks("nonsense"), None);
    }

    #[test]
    fn this_process_uses_what_it_uses() {
        let id = std::process::id();
        let before = cpu_seconds(id).unwrap().seconds;
        let threads = Threads::of(id).unwrap();
        let begun = std::time::Instant::now();
        while begun.elapsed().as_millis() < 60 {
            std::hint::black_box((0..1000_u64).sum::<u64>());
        }
        assert!(cpu_seconds(id).unwrap().seconds > before);
        assert!(Threads::of(id).unwrap().seconds_since(&threads) > 0.0);
        assert!(rss_bytes(id).unwrap() <= rss_peak_bytes(id).unwrap());
        assert!(switches(id).unwrap() > 0);
        assert!(cpu_seconds(u32::MAX).is_err());
    }
}
