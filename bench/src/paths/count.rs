//! Instructions of a path, counted by valgrind: hardware counters are missing in most virtual
//! machines, and a simulated count is the same on a busy machine. The path is run a number of times
//! and twice as often, in a process of its own each; the difference is without start and
//! preparation.

use std::process::Command;

use anyhow::Context;

use super::path::Path;

/// How often the path is run; twice that has as many digits.
const TIMES: u64 = 100;

/// Instructions of one run of a path. `command` runs `corelog-bench instructions` of the build that
/// is counted; path and times are added to it.
///
/// # Errors
/// There is no valgrind, or the path does not run.
pub fn count(path: &Path, command: &[String]) -> anyhow::Result<u64> {
    let (once, twice) = (total(path, TIMES, command)?, total(path, 2 * TIMES, command)?);
    Ok(twice.saturating_sub(once) / TIMES)
}

/// Runs a path so often, to be counted.
///
/// # Errors
/// It cannot be prepared.
pub fn repeat(path: &Path, times: u64) -> anyhow::Result<()> {
    let mut operation = (path.prepare)()?;
    (0..times).for_each(|_| operation());
    Ok(())
}

fn total(path: &Path, times: u64, command: &[String]) -> anyhow::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .args(command)
        .args(["--run", path.name, "--times", &times.to_string()])
        .output()
        .context("valgrind does not run: install it")?;
    let text = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{}: {text}", path.name);
    parse(&text).with_context(|| format!("{}: no count in: {text}", path.name))
}

/// The number behind `I refs:`, with its commas.
fn parse(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains("refs:"))?;
    let (_, number) = line.split_once("refs:")?;
    number.trim().replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_stands_behind_the_references() {
        let text = "==9== Cachegrind\n==9== \n==9== I   refs:      21,234,567\n";
        assert_eq!(parse(text), Some(21_234_567));
        assert_eq!(parse("==9== I refs: many"), None);
        assert_eq!(parse(""), None);
    }
}
