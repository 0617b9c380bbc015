//! Goes over the files named on the command line, and fails when anything in them is wrong.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::segment::Detail;
use super::{indexes, segment, small_files};
use crate::cli::output::out;

/// Arguments of `corelog log dump`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Files named .log, .index, .timeindex, .snapshot or leader-epoch-checkpoint
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print the records inside batches
    #[arg(long)]
    deep_iteration: bool,
    /// Print keys and values too
    #[arg(long)]
    print_data_log: bool,
}

/// Where output goes, and what is wrong so far.
pub struct Dump<'a> {
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Bytes of the current file that are done.
    pub progress: ProgressBar,
    /// Faults found in all files.
    pub faults: u64,
}

impl Dump<'_> {
    /// Prints a fault and counts it.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn fault(&mut self, line: &str) -> std::io::Result<()> {
        self.faults += 1;
        writeln!(self.out, "{line}")
    }
}

impl Arguments {
    /// Prints all files.
    ///
    /// # Errors
    /// A file cannot be read, is of no known kind, or holds something that is wrong.
    pub fn run(self) -> anyhow::Result<()> {
        let detail = match (self.deep_iteration, self.print_data_log) {
            (_, true) => Detail::Data,
            (true, false) => Detail::Records,
            (false, false) => Detail::Batches,
        };
        let mut out = out();
        let mut dump = Dump { out: &mut out, progress: ProgressBar::hidden(), faults: 0 };
        for file in &self.files {
            let bytes = std::fs::metadata(file);
            let bytes = bytes.with_context(|| format!("cannot read {}", file.display()))?.len();
            dump.progress = bar(file, bytes);
            writeln!(dump.out, "Dumping {}", file.display())?;
            one_file(&mut dump, file, detail)
                .with_context(|| format!("cannot read {}", file.display()))?;
            dump.progress.finish_and_clear();
        }
        let faults = dump.faults;
        out.flush()?;
        match faults {
            0 => Ok(()),
            1 => bail!("1 fault found"),
            many => bail!("{many} faults found"),
        }
    }
}

fn one_file(dump: &mut Dump<'_>, file: &Path, detail: Detail) -> anyhow::Result<()> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // A deleted or replaced file keeps its kind in front of the new ending.
    let name = name.trim_end_matches(".deleted").trim_end_matches(".cleaned");
    let extension = name.trim_end_matches(".swap").rsplit('.').next();
    match extension {
        Some("log") => segment::dump(dump, file, detail)?,
        Some("index") => indexes::dump_offsets(dump, file)?,
        Some("timeindex") => indexes::dump_times(dump, file)?,
        Some("snapshot") => small_files::dump_snapshot(dump, file)?,
        Some("leader-epoch-checkpoint") => small_files::dump_epochs(dump, file)?,
        Some(_) | None => bail!(
            "its name is not one of .log, .index, .timeindex, .snapshot, leader-epoch-checkpoint"
        ),
    }
    Ok(())
}

/// A bar on the terminal, unless the output itself goes there.
fn bar(file: &Path, bytes: u64) -> ProgressBar {
    let watched = std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
    let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(bytes), target);
    let template = "{msg} [{wide_bar}] {bytes}/{total_bytes} {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.with_message(file.file_name().unwrap_or_default().to_string_lossy().into_owned())
}
