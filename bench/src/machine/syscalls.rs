//! How many system calls a process makes: counted by perf's tracepoint, where there is perf. Any
//! thread.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

const EVENT: &str = "raw_syscalls:sys_enter";

/// A count under way.
pub struct Syscalls(Option<Child>);

impl Syscalls {
    /// Counts those of a process for some time.
    pub fn count(id: u32, time: Duration) -> Syscalls {
        let perf = Command::new("perf")
            .args(["stat", "-x", ",", "-e", EVENT, "-p", &id.to_string(), "--", "sleep"])
            .arg(time.as_secs_f64().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        Syscalls(perf.ok())
    }

    /// Waits for the end of that time; `None` where perf is missing or may not count.
    pub fn total(self) -> Option<u64> {
        let output = self.0?.wait_with_output().ok()?;
        parse(&String::from_utf8_lossy(&output.stderr))
    }
}

/// The first field of the event's line.
fn parse(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains(EVENT))?;
    line.split(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_stands_in_front() {
        assert_eq!(parse("12345,,raw_syscalls:sys_enter,1000,100.00,,\n"), Some(12345));
        assert_eq!(parse("<not supported>,,raw_syscalls:sys_enter,0,0,,"), None);
        assert_eq!(parse("perf: no permission"), None);
    }
}
