//! A broker of its own for one test: the real binary, a fresh data directory, a free port.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::bytes::Client;

/// How long a start may take on a busy machine.
const START_MAX: Duration = Duration::from_secs(30);

pub struct Broker {
    child: Child,
    port: u16,
    overrides: Vec<String>,
    directory: TempDir,
}

impl Broker {
    pub fn start() -> Broker {
        Broker::with(&[])
    }

    /// Starts with settings of its own, as `key=value`.
    pub fn with(overrides: &[&str]) -> Broker {
        let directory = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let overrides: Vec<String> = overrides.iter().map(|entry| entry.to_string()).collect();
        let child = spawn(port, &directory, &overrides);
        let mut broker = Broker { child, port, overrides, directory };
        broker.await_port();
        broker
    }

    /// Stops it without warning and starts it again on the same data.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.child = spawn(self.port, &self.directory, &self.overrides);
        self.await_port();
    }

    /// As [`Broker::kill_and_restart`], with other settings of its own from now on.
    pub fn kill_and_restart_with(&mut self, overrides: &[&str]) {
        self.overrides = overrides.iter().map(|entry| entry.to_string()).collect();
        self.kill_and_restart();
    }

    /// Stops it without warning.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Where its logs are.
    pub fn log_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub fn connect(&self) -> Client {
        Client::new(TcpStream::connect(("127.0.0.1", self.port)).unwrap())
    }

    pub fn port(&self) -> i32 {
        i32::from(self.port)
    }

    /// Resident memory, in bytes.
    pub fn resident(&self) -> u64 {
        let path: PathBuf = format!("/proc/{}/status", self.child.id()).into();
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    fn await_port(&mut self) {
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut said = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                panic!("the broker ended with {status}: {said}");
            }
            assert!(started.elapsed() < START_MAX, "the broker does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Gone already is fine.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn spawn(port: u16, directory: &TempDir, overrides: &[String]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_corelog"));
    command.arg("serve");
    let ours = [
        format!("listeners=PLAINTEXT://127.0.0.1:{port}"),
        format!("log.dirs={}", directory.path().join("data").display()),
        "corelog.http.listener=".to_string(),
    ];
    for entry in ours.iter().chain(overrides) {
        command.arg("--override").arg(entry);
    }
    command.env("RUST_LOG", "warn").stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}
