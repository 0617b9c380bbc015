//! What all commands that make load share: which workload, against which broker, with progress,
//! and where the results are kept.

use std::path::PathBuf;

use super::progress::Progress;
use crate::clock;
use crate::load::{self, Target};
use crate::measure::Outcome;
use crate::report::{Saved, write_run};
use crate::workload::{self, Workload};

/// Arguments of a load.
#[derive(clap::Args)]
pub struct LoadArguments {
    /// Brokers to ask first, as host:port, comma separated
    #[arg(long, default_value = "localhost:9092", value_name = "HOST:PORT")]
    pub bootstrap_server: String,
    /// Set a field of the workload; see `corelog-bench workloads --fields`
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<String>,
    /// Keep the run there: page, OpenMessaging result, HdrHistogram log, raw data
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Something the reader of the results has to know, as name=text (how the broker syncs, say)
    #[arg(long, value_name = "NAME=TEXT")]
    pub note: Vec<String>,
    /// No line a second
    #[arg(long)]
    pub quiet: bool,
}

impl LoadArguments {
    /// The workload of a name, with what the command line sets.
    ///
    /// # Errors
    /// There is none, or a field of it is invalid.
    pub fn workload(&self, name: &str) -> anyhow::Result<Workload> {
        Ok(workload::find(name, &self.set)?)
    }

    /// Runs it, prints what `summary` makes of it, and keeps it where that was asked for.
    ///
    /// # Errors
    /// A connection fails, the broker refuses what has to be made first or a request of the load,
    /// or the results cannot be written.
    pub fn run(
        &self,
        name: &str,
        workload: &Workload,
        summary: impl Fn(&Outcome) -> String,
    ) -> anyhow::Result<Outcome> {
        let outcome = self.outcome(workload)?;
        let summary = summary(&outcome);
        println!("{summary}");
        if let Some(folder) = &self.out {
            let run = Saved::of(name, workload, &outcome, self.circumstances(), clock::wall_ms());
            write_run(folder, &run, &outcome, &summary)?;
        }
        check(&outcome)?;
        Ok(outcome)
    }

    /// Runs it, with progress, and nothing else.
    ///
    /// # Errors
    /// A connection fails, or the broker refuses what has to be made first.
    pub fn outcome(&self, workload: &Workload) -> anyhow::Result<Outcome> {
        let target = Target::find(&self.bootstrap_server, workload)?;
        let progress = Progress::new(self.quiet);
        let outcome = load::run(workload, &target, &mut |second| progress.show(second));
        progress.end();
        Ok(outcome?)
    }

    /// What a reader of the results has to know.
    fn circumstances(&self) -> Vec<(String, String)> {
        let mut known = vec![("brokers".to_owned(), self.bootstrap_server.clone())];
        for note in &self.note {
            let (name, text) = note.split_once('=').unwrap_or(("note", note));
            known.push((name.to_owned(), text.to_owned()));
        }
        known
    }
}

/// A load with refusals or without answers is shown, and is no success.
fn check(outcome: &Outcome) -> anyhow::Result<()> {
    if let Some(complaint) = &outcome.complaint {
        let errors = outcome.sum().errors;
        anyhow::bail!("{errors} requests were refused, the first: {complaint}");
    }
    anyhow::ensure!(outcome.unanswered == 0, "{} requests unanswered", outcome.unanswered);
    Ok(())
}
