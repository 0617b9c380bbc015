//! What the client itself can do: the loads of rows 1, 2 and 20 against a responder that keeps
//! nothing, in a process of its own on the broker's CPUs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use anyhow::Context;

use super::memory::crowds;
use super::meter::MB;
use super::settings::Settings;
use crate::load::{self, Target};
use crate::machine;
use crate::measure::Outcome;
use crate::workload::{self, Workload};

/// Ends the process when it is dropped.
struct Responder(Child);

impl Drop for Responder {
    fn drop(&mut self) {
        // It may have left by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the client does when nothing is done for it.
#[derive(Debug, Clone, Copy)]
pub struct Ceiling {
    /// Megabytes a second of the load of rows 1 and 2.
    pub mb_per_second: f64,
    /// What is left of ten connections' records a second when as many requests in flight come from
    /// a connection each: row 20 without a broker. `None` where that row is not wanted.
    pub kept: Option<f64>,
}

/// Measures it.
///
/// # Errors
/// The responder does not start, or the load fails.
pub fn measure(settings: &Settings) -> anyhow::Result<Ceiling> {
    let outcome = run(settings, workload::find("durable", &[])?)?;
    let kept = match settings.wants(&[20]) {
        true => Some(kept(settings)?),
        false => None,
    };
    Ok(Ceiling { mb_per_second: outcome.rate(outcome.total().produced.bytes) / MB, kept })
}

fn kept(settings: &Settings) -> anyhow::Result<f64> {
    let [few, many] = crowds(&workload::find("connections", &[])?, settings.lengths.connections);
    let per_second = |workload| {
        let outcome = run(settings, workload)?;
        anyhow::Ok(outcome.rate(outcome.total().produced.records))
    };
    let few = per_second(few)?;
    // The responder has a thread for each connection: none for those that say nothing.
    Ok(per_second(Workload { idle_connections: 0, ..many })? / few)
}

fn run(settings: &Settings, workload: Workload) -> anyhow::Result<Outcome> {
    let workload = Workload {
        topic: "null".to_owned(),
        warmup_seconds: settings.lengths.warmup,
        seconds: settings.lengths.measured,
        cpus: settings.load_cpus.clone(),
        ..workload
    };
    let (_responder, address) = responder(workload.partitions, &settings.broker_cpus)?;
    let target = Target::find(&address, &workload)?;
    let outcome = load::run(&workload, &target, &mut |_| ())?;
    anyhow::ensure!(outcome.unanswered == 0, "{} requests unanswered", outcome.unanswered);
    Ok(outcome)
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
