//! The null responder as a process, for tests.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A process that ends with the test, also with a failed one.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The command under test.
pub fn bench() -> Command {
    Command::new(env!("CARGO_BIN_EXE_corelog-bench"))
}

/// The null responder, and where it listens.
pub fn responder() -> (Running, String) {
    let mut child = bench()
        .args(["null", "--listen", "127.0.0.1:0", "--partitions", "4"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening at ").unwrap().to_owned();
    (Running(child), address)
}
