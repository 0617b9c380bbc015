//! Linux's `perf`, run as a command: samples of where a process is, and counts of its system
//! calls. Any thread; knows nothing of loads.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

/// Samples a second of CPU time; no divisor of what happens once in so many milliseconds.
const HERTZ: &str = "997";
/// What is sampled: virtual machines often have no cycle counter; the clock is always there.
const CLOCK: &str = "cpu-clock";
/// Shares below this, in percent, say nothing.
const SHARE_MIN: &str = "0.5";
/// What the kernel calls the beginning of a system call.
const ENTRY: &str = "syscalls:sys_enter_";
/// What brokers ask of the kernel at work, in the kernel's names. Not every call there is: each
/// costs tens of milliseconds to watch.
const CALLS: [&str; 22] = [
    "cachestat",
    "epoll_ctl",
    "epoll_wait",
    "fdatasync",
    "fsync",
    "futex",
    "io_uring_enter",
    "madvise",
    "mmap",
    "munmap",
    "pread64",
    "preadv2",
    "pwrite64",
    "read",
    "readv",
    "recvfrom",
    "sched_yield",
    "sendfile64",
    "sendmsg",
    "sendto",
    "write",
    "writev",
];
/// Any of them.
const ANY: &str = "raw_syscalls:sys_enter";
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

/// Something of perf's that runs, for a given time or until it is told to end.
pub struct Look(Child);

impl Look {
    /// Tells it to end. It may have ended by itself, as it does when the process it looks at has.
    pub fn interrupt(&self) {
        if let Some(id) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, Signal::INT);
        }
    }

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
        .args(["stat", "-x", ",", "-e", &format!("{CLOCK},{ANY}"), "-p"])
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
    command.args(["record", "-q", "-e", CLOCK, "-F", HERTZ, "--call-graph", graph]);
    command.arg("-o").arg(to);
    start(command, id, Some(seconds))
}

/// Samples a process into a file, without callers, until it is told to end.
///
/// # Errors
/// perf does not start.
pub fn record_symbols(id: u32, to: &Path) -> anyhow::Result<Look> {
    let mut command = Command::new("perf");
    command.args(["record", "-q", "-e", CLOCK, "-F", HERTZ, "-o"]).arg(to);
    start(command, id, None)
}

/// Threads and symbols of a file of samples by their share, a line each.
///
/// # Errors
/// perf cannot read it.
pub fn symbols(from: &Path) -> anyhow::Result<String> {
    let output = Command::new("perf")
        .args(["report", "--stdio", "--no-children", "--sort", "comm,symbol"])
        .args(["--percent-limit", SHARE_MIN, "-i"])
        .arg(from)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "perf report failed: {}", said.trim());
    Ok(table(&String::from_utf8_lossy(&output.stdout)))
}

/// Share, thread and symbol of a report, without its columns for what a machine may not count.
fn table(report: &str) -> String {
    let lines = report.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let words = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().filter(|word| *word != "-").collect();
        words.join(" ") + "\n"
    };
    lines.map(words).collect()
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

/// Counts the system calls of a process for some seconds: what [`calls`] reads. The kernel counts,
/// so none is missed, however busy the CPUs are.
///
/// # Errors
/// perf does not start.
pub fn count(id: u32, seconds: u64) -> anyhow::Result<Look> {
    let mut command = Command::new("perf");
    let events: Vec<String> = CALLS.iter().map(|name| format!("{ENTRY}{name}")).collect();
    command.args(["stat", "-x", ",", "-e", &events.join(","), "-e", RING]);
    start(command, id, Some(seconds))
}

/// Counts them without telling them apart, which costs next to nothing: what [`all_calls`] reads.
///
/// # Errors
/// perf does not start.
pub fn count_all(id: u32, seconds: u64) -> anyhow::Result<Look> {
    let mut command = Command::new("perf");
    command.args(["stat", "-x", ",", "-e", ANY]);
    start(command, id, Some(seconds))
}

fn start(mut command: Command, id: u32, seconds: Option<u64>) -> anyhow::Result<Look> {
    command.args(["-p", &id.to_string()]);
    if let Some(seconds) = seconds {
        command.args(["--", "sleep", &seconds.to_string()]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().map(Look).context("cannot start perf")
}

/// Calls by name, of all threads, that were made at all; of what goes through rings as well, where
/// the kernel tells.
pub fn calls(text: &str) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for (event, calls) in counts(text).filter(|(_, calls)| *calls > 0) {
        let name = match event.strip_prefix(ENTRY) {
            // It says in the name which of the kernel's variants this is; nobody asks for that.
            Some(name) => name.trim_end_matches("64"),
            None if event == RING => "(operations in rings)",
            None => continue,
        };
        found.insert(name.to_owned(), calls);
    }
    found
}

/// How many of any kind; `None` where the kernel does not tell.
pub fn all_calls(text: &str) -> Option<u64> {
    counts(text).find(|(event, _)| *event == ANY).map(|(_, calls)| calls)
}

/// Events and how often they were: lines of a count, a unit, the event, and how long it was
/// watched. Some have words for a count that there is not.
fn counts(text: &str) -> impl Iterator<Item = (&str, u64)> {
    text.lines().filter_map(|line| {
        let mut words = line.split(',');
        let count = words.next()?.trim().parse().ok()?;
        Some((words.nth(1)?, count))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_its_lines() {
        let report = "# Samples: 1K\n#\n\n    34.16%  core-0   [k] copy_folio      -      -   \n";
        assert_eq!(table(report), "34.16% core-0 [k] copy_folio\n");
    }

    #[test]
    fn calls_that_were_made_are_counted_by_name() {
        let text = "600,,syscalls:sys_enter_recvfrom,200,100.00,,\n\
            0,,syscalls:sys_enter_futex,200,100.00,,\n\
            9,,syscalls:sys_enter_sendfile64,200,100.00,,\n\
            <not counted>,,syscalls:sys_enter_read,0,0,,\n\
            7,,io_uring:io_uring_submit_req,200,100.00,,\n";
        let found = calls(text);
        let found: Vec<(&str, u64)> = found.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        assert_eq!(found, [("(operations in rings)", 7), ("recvfrom", 600), ("sendfile", 9)]);
        assert!(calls("").is_empty());
    }

    #[test]
    fn the_count_of_all_calls_stands_in_front() {
        assert_eq!(all_calls("12345,,raw_syscalls:sys_enter,1000,100.00,,\n"), Some(12345));
        assert_eq!(all_calls("<not supported>,,raw_syscalls:sys_enter,0,0,,"), None);
        assert_eq!(all_calls("perf: no permission"), None);
    }
}
