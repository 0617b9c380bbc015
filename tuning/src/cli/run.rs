//! Reads the command line, runs what it names, and turns the outcome into an exit code.

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use super::{apply, check, iotune, undo};

/// Checks and prepares a host for Corelog, and measures its data disks.
#[derive(Parser)]
#[command(name = "corelog-tune", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show what is required of this host, what it has, and why; changes nothing, needs no root
    Check(check::Arguments),
    /// Set what is wrong; what was there is remembered first. Nothing outlives a reboot
    Apply(apply::Arguments),
    /// Bring back what was there before `apply`
    Undo(undo::Arguments),
    /// Measure data disks, on a host that does nothing else, and write the settings that the
    /// broker takes from that
    Iotune(iotune::Arguments),
}

/// Form of the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// What a command that could be run says about the host.
pub enum Ended {
    /// All is well.
    Well,
    /// Something failed; it has been said what.
    Failed,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Check(check) => check.run(),
        Command::Apply(apply) => apply.run(),
        Command::Undo(undo) => undo.run(),
        Command::Iotune(iotune) => iotune.run(),
    };
    match outcome {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::Failed) => ExitCode::FAILURE,
        // Whoever reads our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
