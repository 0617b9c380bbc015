//! `corelog generate`: man pages and completions, made from the command line as it is, for whoever
//! builds a package.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use clap_complete::Shell;

use super::output::out;

/// What to make.
#[derive(Subcommand)]
pub enum Command {
    /// Write a man page per subcommand into a directory
    Man {
        /// An existing directory
        directory: PathBuf,
    },
    /// Print the completions for a shell
    Completion {
        /// The shell
        shell: Shell,
    },
}

impl Command {
    /// Makes it, of `corelog` as a clap command.
    ///
    /// # Errors
    /// The directory or standard output cannot be written.
    pub fn run(self, mut corelog: clap::Command) -> anyhow::Result<()> {
        match self {
            Command::Man { directory } => clap_mangen::generate_to(corelog, &directory)
                .with_context(|| format!("cannot write into {}", directory.display())),
            Command::Completion { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut corelog, "corelog", &mut script);
                let mut out = out();
                out.write_all(&script)?;
                Ok(out.flush()?)
            }
        }
    }
}
