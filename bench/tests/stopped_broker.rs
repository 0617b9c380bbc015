//! The load generator is not fooled by a broker that stands still: SIGSTOP for a second, at 1,000
//! records a second, must show in the p99. A client that waits before it sends again would have
//! one slow request in ten thousand.
#![allow(clippy::unwrap_used, reason = "a test")]

mod responder;

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use responder::{Running, bench, responder};

const SECONDS: u64 = 10;
const STOPPED: Duration = Duration::from_secs(1);

fn signal(process: &Running, name: &str) {
    let id = process.0.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

/// Milliseconds in front of a word of the summary line.
fn figure(line: &str, what: &str) -> f64 {
    let before = line.split(what).next().unwrap();
    before.rsplit([' ', ',']).find(|word| !word.is_empty()).unwrap().parse().unwrap()
}

/// One load, with the broker stopped in the midst of it: the summary line.
fn load_with_a_stop() -> String {
    let (broker, address) = responder();
    let load = bench()
        .args(["produce", "idle-ack", "--bootstrap-server", &address, "--quiet"])
        .args(["--set", "rate=1000", "--set", "warmup_seconds=1", "--set", "in_flight=10000"])
        .args(["--set", &format!("seconds={SECONDS}")])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    sleep(Duration::from_secs(4));
    signal(&broker, "-STOP");
    sleep(STOPPED);
    signal(&broker, "-CONT");
    let output = load.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_second_of_silence_shows_in_the_p99() {
    let line = load_with_a_stop();
    // A tenth of all records were due in that second and waited half of it on average: those above
    // the p99 waited 900 ms and more. A busy machine adds to all of them.
    assert!(figure(&line, " ms max") > 900.0, "{line}");
    assert!(figure(&line, " ms 99th") > 700.0, "{line}");
    assert!(figure(&line, " ms 95th") > 300.0, "{line}");
    assert!(figure(&line, " ms 50th") < 400.0, "{line}");
    let expected = 1000.0 * SECONDS as f64;
    let records: f64 = line.split(' ').next().unwrap().parse().unwrap();
    assert!(records > expected * 0.8, "the schedule went on: {line}");
}
