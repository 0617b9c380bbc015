//! Reads the command line, runs what it names, and turns the outcome into an exit code.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::{
    compare, consume, end_to_end, idle, instructions, limits, mixed, null, produce, profile,
    recover, report, scale, workloads,
};

/// Load for any broker that speaks the Kafka protocol, and figures that stand up.
#[derive(Parser)]
#[command(name = "corelog-bench", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Produce at a rate, or as fast as acks come
    Produce(produce::Arguments),
    /// Fetch as fast as answers come
    Consume(consume::Arguments),
    /// Produce and consume: how long records are under way
    E2e(end_to_end::Arguments),
    /// Answer everything at once and keep nothing: shows what the client itself can do
    Null(null::Arguments),
    /// A steady load alone, and beside a reader of old records
    Mixed(mixed::Arguments),
    /// The same load again and again, with more of one thing
    Scale(scale::Arguments),
    /// How long a start takes after a kill under load
    Recover(recover::Arguments),
    /// What a broker costs while nothing happens
    Idle(idle::Arguments),
    /// Measure what this machine allows: the primitives of its CPU, memory, disk and network
    Limits(limits::Arguments),
    /// Count the instructions of the hot paths, and compare them with what is written down
    Instructions(instructions::Arguments),
    /// Compare brokers on this machine: starts them, takes turns, judges the rows of the goal table
    Compare(compare::Arguments),
    /// Profile a broker under a load: CPU time by layer, system calls of a request, flame graph
    Profile(profile::Arguments),
    /// Make one page of runs that were kept
    Report(report::Arguments),
    /// Show the workloads there are, or every field of them
    Workloads(workloads::Arguments),
}

/// Runs the command.
pub fn run() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Produce(arguments) => arguments.run(),
        Command::Consume(arguments) => arguments.run(),
        Command::E2e(arguments) => arguments.run(),
        Command::Mixed(arguments) => arguments.run(),
        Command::Scale(arguments) => arguments.run(),
        Command::Recover(arguments) => arguments.run(),
        Command::Idle(arguments) => arguments.run(),
        Command::Limits(arguments) => arguments.run(),
        Command::Instructions(arguments) => arguments.run(),
        Command::Compare(arguments) => arguments.run(),
        Command::Profile(arguments) => arguments.run(),
        Command::Report(arguments) => arguments.run(),
        Command::Null(arguments) => arguments.run(),
        Command::Workloads(arguments) => arguments.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("corelog-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
