//! Linux's `perf`, run as a command: samples of where a process is, and counts of its system
//! calls. Any thread; knows nothing of loads.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

/// Samples a second of CPU time; no divisor of what happens once in so many milliseconds.
const HERTZ: &str = "997";
/// What is handed to rings, which is no system call of its own.
const RING: &str = "io_uring:io_uring_submit_req";

/// How perf finds the callers of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum CallGraph {
    /// By unwind tables, which every binary has: whole stacks, and a costlier look.
    Dwarf,
    /// By frame pointers: cheap, and whole only where everything was built with them.
    Fp,
}

/// Something of perf's that runs for a given time.
pub struct Look(Child);

impl Look {
    /// Waits for its end; what it said, which is where counts are.
    ///
    /// # Errors
    /// perf failed; with what it said.
    pub fn end(self) -> anyhow::Result<String> {
        let output = self.0.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        anyhow::ensure!(output.status.success(), "perf failed: {}", said.trim());
        Ok(said)
    }
}

/// Whether there is perf, and the right to use it on other processes.
///
/// # Errors
/// There is not; says what to do.
pub fn check() -> anyhow::Result<()> {
    let tried = Command::new("perf")
        .args(["stat", "-x", ",", "-e", "cpu-clock,raw_syscalls:sys_enter", "-p"])
        .args([&std::process::id().to_string(), "--", "true"])
        .output();
    match tried {
        Err(why) if why.kind() == ErrorKind::NotFound => {
            anyhow::bail!("there is no `perf` command: install it (package linux-perf)")
        }
        Err(why) => Err(why).context("cannot run perf"),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            anyhow::bail!(
                "perf may not look at processes here (run as root, or lower \
                 kernel.perf_event_paranoid): {}",
                said.trim()
            )
        }
    }
}

/// Samples a process for some seconds into a file.
///
/// # Errors
/// perf does not start.
pub fn record(id: u32, seconds: u64, graph: CallGraph, to: &Path) -> anyhow::Result<Look> {
    let graph = match graph {
        CallGraph::Dwarf => "dwarf,16384",
        CallGraph::Fp => "fp",
    };
    let mut command = Command::new("perf");
    command.args(["record", "-q", "-e", "cpu-clock", "-F", HERTZ, "--call-graph", graph]);
    command.arg("-o").arg(to);
    start(command, id, seconds)
}

/// The samples of a file as text: a line with the thread, its frames, an empty line.
///
/// # Errors
/// perf cannot read it.
pub fn script(from: &Path) -> anyhow::Result<String> {
    let output = Command::new("perf")
        .args(["script", "--no-inline", "-F", "comm,ip,sym,dso", "-i"])
        .arg(from)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "perf script failed: {}", said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Counts the system calls of a process for some seconds: what [`calls`] reads.
///
/// # Errors
/// perf does not start.
pub fn trace(id: u32, seconds: u64) -> anyhow::Result<Look> {
    let mut command = Command::new("perf");
    // Room for what comes while perf itself waits for a CPU: what finds none is not counted.
    command.args(["trace", "-s", "-m", "32M"]);
    start(command, id, seconds)
}

/// Counts what a process hands to its rings for some seconds: what [`ring_requests`] reads.
///
/// # Errors
/// perf does not start.
pub fn count_ring(id: u32, seconds: u64) -> anyhow::Result<Look> {
    let mut command = Command::new("perf");
    command.args(["stat", "-x", ",", "-e", RING]);
    start(command, id, seconds)
}

fn start(mut command: Command, id: u32, seconds: u64) -> anyhow::Result<Look> {
    command.args(["-p", &id.to_string(), "--", "sleep", &seconds.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().map(Look).context("cannot start perf")
}

/// System calls by name, of all threads: rows of a name and a count, in a table for each thread.
pub fn calls(text: &str) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        // Name, calls, errors, and five columns of times.
        if let [name, calls, errors, _, _, _, _, share] = words.as_slice()
            && share.ends_with('%')
            && errors.parse::<u64>().is_ok()
            && let Ok(calls) = calls.parse::<u64>()
        {
            *found.entry((*name).to_owned()).or_default() += calls;
        }
    }
    found
}

/// The count of a `perf stat`; `None` where the kernel does not tell.
pub fn ring_requests(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains(RING))?;
    line.split(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_all_threads_are_counted_by_name() {
        let text = " Summary of events:\n\n core-0 (20550), 17391 events, 67.4%\n\n\
            \u{20}  syscall    calls  errors  total  min  avg  max  stddev\n\
            \u{20}             (msec) (msec) (msec) (msec)  (%)\n\
            \u{20}  --------- ------ ------ ------ ------ ------ ------ ------\n\
            \u{20}  recvfrom     582      1  8.303  0.011  0.014  0.066  1.32%\n\
            \u{20}  futex          4      0  0.104  0.015  0.026  0.040 19.49%\n\n\
            \u{20}core-1 (20551), 8354 events, 32.4%\n\n\
            \u{20}  recvfrom      18      0  4.840  0.011  0.018  0.074  3.77%\n";
        let found = calls(text);
        let found: Vec<(&str, u64)> = found.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        assert_eq!(found, [("futex", 4), ("recvfrom", 600)]);
    }

    #[test]
    fn requests_in_rings_are_counted_where_the_kernel_tells() {
        assert_eq!(ring_requests("7,,io_uring:io_uring_submit_req,200,100.00,,\n"), Some(7));
        assert_eq!(ring_requests("<not counted>,,io_uring:io_uring_submit_req,0,0,,\n"), None);
        assert_eq!(ring_requests(""), None);
    }
}
