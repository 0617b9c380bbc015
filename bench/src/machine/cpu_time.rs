//! Exact CPU time, in seconds: of a thread, of this process with io_uring's workers, and of the
//! kernel's own threads, which write pages back. Any thread.
//!
//! Network softirqs are part of the thread they interrupt, unless the kernel accounts interrupts
//! apart (`CONFIG_IRQ_TIME_ACCOUNTING`); then they are nobody's.

use std::fs;
use std::io;

use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, clock_gettime};

/// Process number of `kthreadd`, the parent of all threads of the kernel.
const KTHREADD: &str = "2";

/// CPU seconds of the calling thread.
pub fn thread_seconds() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}

/// CPU seconds of this process: all its threads, those that ended too, and io_uring's workers.
pub fn process_seconds() -> f64 {
    seconds(ClockId::ProcessCPUTime)
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// CPU seconds of all living threads of the kernel: writeback, the journal of a file system, work
/// queues. By nanoseconds where the kernel counts those, else by ticks.
///
/// # Errors
/// There is no /proc.
pub fn kernel_seconds() -> io::Result<f64> {
    let mut sum = 0.0;
    for entry in fs::read_dir("/proc")? {
        let folder = entry?.path();
        // A thread may end meanwhile, and most entries are no threads of the kernel.
        let Ok(stat) = fs::read_to_string(folder.join("stat")) else { continue };
        if !is_kernel_thread(&stat) {
            continue;
        }
        let exact = fs::read_to_string(folder.join("schedstat")).ok();
        sum +=
            exact.as_deref().and_then(run_seconds).or_else(|| tick_seconds(&stat)).unwrap_or(0.0);
    }
    Ok(sum)
}

/// Field `at` behind the name, which may hold anything; the state is field 0.
fn field(stat: &str, at: usize) -> Option<&str> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(at)
}

fn is_kernel_thread(stat: &str) -> bool {
    field(stat, 1) == Some(KTHREADD)
}

fn run_seconds(schedstat: &str) -> Option<f64> {
    Some(schedstat.split_whitespace().next()?.parse::<u64>().ok()? as f64 / 1e9)
}

fn tick_seconds(stat: &str) -> Option<f64> {
    let ticks: u64 = field(stat, 12)?.parse().ok()?;
    Some(ticks as f64 / clock_ticks_per_second() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_of_the_kernel_are_told_from_others() {
        let stat = "9 (kworker/0:1 (x)-events) I 2 0 0 0 -1 1 0 0 0 0 0 250 0 0 20 0 1 0";
        assert!(is_kernel_thread(stat));
        assert!(!is_kernel_thread("9 (sh) S 1 9 9"));
        assert_eq!(tick_seconds(stat), Some(250.0 / clock_ticks_per_second() as f64));
        assert_eq!(run_seconds("1500000000 7 9\n"), Some(1.5));
        assert_eq!(run_seconds("x"), None);
        assert!(kernel_seconds().unwrap() >= 0.0);
    }

    #[test]
    fn work_of_a_thread_is_its_own_and_the_process_has_it_too() {
        let (thread, process) = (thread_seconds(), process_seconds());
        let begun = std::time::Instant::now();
        while begun.elapsed().as_millis() < 20 {
            std::hint::black_box((0..1000_u64).sum::<u64>());
        }
        let worked = thread_seconds() - thread;
        assert!(worked > 0.0 && process_seconds() - process >= worked * 0.99);
    }
}
