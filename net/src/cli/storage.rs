//! `corelog storage`: cluster ids.

use std::io::Write;

use clap::Subcommand;
use corelog_engine::metadata::uuid_text;
use corelog_engine::runtime::random_uuid;

use super::output::out;

/// What to do with log dirs.
#[derive(Subcommand)]
pub enum Command {
    /// Print a new cluster id
    RandomUuid,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Command::RandomUuid => {
                let mut out = out();
                writeln!(out, "{}", uuid_text(random_uuid()))?;
                Ok(out.flush()?)
            }
        }
    }
}
