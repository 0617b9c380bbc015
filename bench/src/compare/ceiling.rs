//! What the client itself can do: the load of rows 1 and 2 against a responder that keeps nothing,
//! in a process of its own on the broker's CPUs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use anyhow::Context;

use super::meter::MB;
use super::settings::Settings;
use crate::load::{self, Target};
use crate::machine;
use crate::workload;

/// Ends the process when it is dropped.
struct Responder(Child);

impl Drop for Responder {
    fn drop(&mut self) {
        // It may have left by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Megabytes a second.
///
/// # Errors
/// The responder does not start, or the load fails.
pub fn measure(settings: &Settings) -> anyhow::Result<f64> {
    let mut workload = workload::find("durable", &[])?;
    workload.topic = "null".to_owned();
    workload.warmup_seconds = settings.lengths.warmup;
    workload.seconds = settings.lengths.measured;
    workload.cpus = settings.load_cpus.clone();
    let (_responder, address) = responder(workload.partitions, &settings.broker_cpus)?;
    let target = Target::find(&address, &workload)?;
    let outcome = load::run(&workload, &target, &mut |_| ())?;
    anyhow::ensure!(outcome.unanswered == 0, "{} requests unanswered", outcome.unanswered);
    Ok(outcome.rate(outcome.total().produced.bytes) / MB)
}

fn responder(partitions: i32, cpus: &[usize]) -> anyhow::Result<(Responder, String)> {
    let mut command = machine::bound(std::env::current_exe()?, cpus);
    command.args(["null", "--listen", "127.0.0.1:0", "--partitions", &partitions.to_string()]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let said = child.stdout.take();
    let running = Responder(child);
    let mut line = String::new();
    BufReader::new(said.context("no output")?).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening at ").context("no null responder")?;
    Ok((running, address.to_owned()))
}
