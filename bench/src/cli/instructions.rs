//! `corelog-bench instructions`: the instructions of hot paths, beside the table.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use anyhow::Context;
use comfy_table::{Table, presets::NOTHING};

use crate::paths::{Ledger, PATHS, Path, Verdict, count, repeat};

/// Arguments of `corelog-bench instructions`.
#[derive(clap::Args)]
pub struct Arguments {
    /// What is written down: path, instructions, percent that it may grow by
    #[arg(long, default_value = "bench/instructions.tsv", value_name = "FILE")]
    table: PathBuf,
    /// Write down what is counted now
    #[arg(long)]
    update: bool,
    /// Run this path and nothing else: what is counted
    #[arg(long, hide = true, value_name = "PATH", requires = "times")]
    run: Option<String>,
    /// So often
    #[arg(long, hide = true, value_name = "NUMBER")]
    times: Option<u64>,
}

impl Arguments {
    /// Counts and compares.
    ///
    /// # Errors
    /// There is no valgrind, or a path grew by more than it may.
    pub fn run(self) -> anyhow::Result<()> {
        if let Some(name) = &self.run {
            let path = PATHS.iter().find(|path| path.name == name);
            return repeat(path.context("there is no such path")?, self.times.unwrap_or(1));
        }
        let ledger = match fs::read_to_string(&self.table) {
            Ok(text) => Ledger::parse(&text)?,
            Err(_) if self.update => Ledger::default(),
            Err(why) => return Err(why).with_context(|| format!("no {}", self.table.display())),
        };
        let itself = std::env::current_exe()?.display().to_string();
        let counted = count_all(&[itself, "instructions".to_owned()])?;
        let bad = show(&ledger, &counted);
        if self.update {
            return fs::write(&self.table, ledger.renewed(&counted).text())
                .with_context(|| format!("cannot write {}", self.table.display()));
        }
        anyhow::ensure!(bad == 0, "{bad} paths are not as {} has them", self.table.display());
        Ok(())
    }
}

/// Counts every path, as many at one time as there are CPUs.
fn count_all(command: &[String]) -> anyhow::Result<Vec<(&'static str, u64)>> {
    let left = Mutex::new(PATHS.iter());
    let next = || left.lock().ok()?.next();
    let work = || {
        let each =
            std::iter::from_fn(next).map(|path: &Path| Ok((path.name, count(path, command)?)));
        each.collect::<anyhow::Result<Vec<_>>>()
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut counted = thread::scope(|scope| {
        let working: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let ended = working.into_iter().map(|worker| {
            worker.join().map_err(|_| anyhow::anyhow!("a counting thread panicked"))?
        });
        ended.collect::<anyhow::Result<Vec<_>>>()
    })?
    .concat();
    counted.sort_by_key(|(name, _)| PATHS.iter().position(|path| path.name == *name));
    Ok(counted)
}

/// Prints; how many are not as they should be.
fn show(ledger: &Ledger, counted: &[(&str, u64)]) -> usize {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["PATH", "INSTRUCTIONS", "WRITTEN DOWN", ""]);
    let mut bad = 0;
    for (path, instructions) in counted {
        let verdict = ledger.judge(path, *instructions);
        bad += usize::from(matches!(verdict, Verdict::More | Verdict::Unknown));
        let words = match verdict {
            Verdict::Same => "",
            Verdict::Less => "less: write it down",
            Verdict::More => "MORE THAN IT MAY",
            Verdict::Unknown => "NOT IN THE TABLE",
        };
        let expected = ledger.expected(path).map_or("-".to_owned(), |count| count.to_string());
        table.add_row([*path, &instructions.to_string(), &expected, words]);
    }
    println!("{table}");
    bad
}
