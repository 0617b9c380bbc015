//! `corelog-bench report`: kept runs as one page.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;

use crate::report::{Page, read_runs};

/// Arguments of `corelog-bench report`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folders with kept runs, or with folders of them
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// The page
    #[arg(long, default_value = "report.html", value_name = "FILE")]
    out: PathBuf,
}

impl Arguments {
    /// Writes the page.
    ///
    /// # Errors
    /// A folder holds no run, or the page cannot be written.
    pub fn run(self) -> anyhow::Result<()> {
        let runs = read_runs(&self.folders)?;
        let mut page = Page::new("corelog-bench");
        page.runs(&runs);
        fs::write(&self.out, page.html())
            .with_context(|| format!("cannot write {}", self.out.display()))?;
        println!("{} runs in {}", runs.len(), self.out.display());
        Ok(())
    }
}
