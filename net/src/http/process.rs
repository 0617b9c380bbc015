//! What the kernel knows of this process, from `/proc`. What cannot be read counts as nothing.

use std::fs;
use std::time::Duration;

/// The kernel tells times to user space in hundredths of a second, whatever its own tick.
const TICKS_PER_SECOND: f64 = 100.0;

/// This process as the kernel sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    /// CPU time of all threads, in seconds.
    pub cpu_seconds: f64,
    /// When it started, in seconds since 1970.
    pub start_seconds: f64,
    /// Memory that is resident.
    pub resident_bytes: f64,
    /// Address space.
    pub virtual_bytes: f64,
    /// Descriptors open.
    pub open_fds: f64,
    /// Descriptors it may open.
    pub max_fds: f64,
    /// Bytes that it had the disks read.
    pub disk_read_bytes: f64,
    /// Bytes that it had the disks write.
    pub disk_write_bytes: f64,
}

impl Process {
    /// Reads it.
    pub fn now() -> Process {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Process {
            open_fds: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) as f64,
            max_fds: max_fds(&read("/proc/self/limits")),
            disk_read_bytes: line_value(&read("/proc/self/io"), "read_bytes:"),
            disk_write_bytes: line_value(&read("/proc/self/io"), "write_bytes:"),
            resident_bytes: 1024.0 * line_value(&read("/proc/self/status"), "VmRSS:"),
            virtual_bytes: 1024.0 * line_value(&read("/proc/self/status"), "VmSize:"),
            start_seconds: line_value(&read("/proc/stat"), "btime")
                + stat_field(&read("/proc/self/stat"), 22) / TICKS_PER_SECOND,
            cpu_seconds: [14, 15]
                .map(|field| stat_field(&read("/proc/self/stat"), field) / TICKS_PER_SECOND)
                .iter()
                .sum(),
        }
    }
}

/// CPU time of the thread of this number.
pub fn thread_cpu(thread: u64) -> Duration {
    let text = fs::read_to_string(format!("/proc/self/task/{thread}/schedstat"));
    Duration::from_nanos(first_number(&text.unwrap_or_default()) as u64)
}

/// The number behind `name` at the start of a line.
fn line_value(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0.0, first_number)
}

/// The field of this number, from 1, of a line of `/proc/PID/stat`. The second is the name of the
/// process in parentheses, in which anything may stand.
fn stat_field(text: &str, number: usize) -> f64 {
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().nth(number.saturating_sub(3)).map_or(0.0, first_number)
}

/// The soft limit of the table in `/proc/PID/limits`.
fn max_fds(text: &str) -> f64 {
    line_value(text, "Max open files")
}

fn first_number(text: &str) -> f64 {
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_texts_are_read() {
        let stat = "7 (core) (log) S 1 7 7 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 5 0 300 99 8";
        assert_eq!([14, 15, 22].map(|field| stat_field(stat, field)), [250.0, 50.0, 300.0]);
        let io = "rchar: 5\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n";
        assert_eq!(line_value(io, "read_bytes:"), 4096.0);
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(max_fds(limits), 1024.0);
        assert_eq!(first_number("unlimited"), 0.0);
    }

    #[test]
    fn this_process_is_found() {
        let process = Process::now();
        assert!(process.resident_bytes > 1e6 && process.open_fds > 2.0, "{process:?}");
        assert!(process.start_seconds > 1.6e9 && process.max_fds > 0.0, "{process:?}");
        assert!(process.virtual_bytes > process.resident_bytes, "{process:?}");
    }
}
