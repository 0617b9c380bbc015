//! Commands that end with this program, however that ends, on CPUs of their own. Any thread.

use std::ffi::OsStr;
use std::process::Command;

/// A command that is killed when this program is gone; `cpus` are all that it may use, none = as
/// it likes.
pub fn bound(program: impl AsRef<OsStr>, cpus: &[usize]) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if !cpus.is_empty() {
        let cpus: Vec<String> = cpus.iter().map(ToString::to_string).collect();
        command.args(["taskset", "-c", &cpus.join(",")]);
    }
    command.arg(program);
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::allowed_cpus;

    #[test]
    fn a_command_stays_on_its_cpus() {
        let last = *allowed_cpus().unwrap().last().unwrap();
        let output = bound("cat", &[last]).arg("/proc/self/status").output().unwrap();
        let status = String::from_utf8(output.stdout).unwrap();
        assert!(status.contains(&format!("Cpus_allowed_list:\t{last}\n")), "{status}");
    }
}
