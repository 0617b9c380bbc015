//! Reads the command line, runs what it names, and turns the outcome into an exit code.

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use super::logging::LogFormat;
use super::{consume, generate, group, log_dump, logging, metrics, produce, serve, storage, topic};
use crate::client::Cluster;

/// A log storage engine that speaks the Kafka protocol.
#[derive(Parser)]
#[command(name = "corelog", version, disable_help_subcommand = true)]
struct Arguments {
    /// Form of log lines on standard error; which ones is said by RUST_LOG
    #[arg(long, value_enum, default_value_t, global = true, value_name = "FORMAT")]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a broker
    Serve(serve::Arguments),
    /// Prepare log dirs and look at them
    #[command(subcommand)]
    Storage(storage::Command),
    /// Create, list, describe and delete topics
    Topic(topic::Arguments),
    /// List, describe and delete groups, and move their offsets
    Group(group::Arguments),
    /// Send the lines of standard input as records
    Produce(produce::Arguments),
    /// Print records
    Consume(consume::Arguments),
    /// List the series that a broker shows on its page of metrics
    Metrics(metrics::Arguments),
    /// Look into the files of a log
    #[command(subcommand)]
    Log(LogCommand),
    /// Make man pages and completions
    #[command(subcommand, hide = true)]
    Generate(generate::Command),
}

#[derive(Subcommand)]
enum LogCommand {
    /// Print what is in .log, .index, .timeindex, .snapshot and leader-epoch-checkpoint files
    Dump(log_dump::Arguments),
}

/// How clients reach a broker.
#[derive(clap::Args)]
pub struct Server {
    /// Brokers to ask first, as host:port, comma separated
    #[arg(long, default_value = "localhost:9092", value_name = "HOST:PORT")]
    bootstrap_server: String,
}

impl Server {
    /// Connects to the first broker that answers.
    ///
    /// # Errors
    /// See [`Cluster::connect`].
    pub async fn connect(&self) -> anyhow::Result<Cluster> {
        Ok(Cluster::connect(&self.bootstrap_server).await?)
    }
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = logging::start(arguments.log_format).and_then(|()| match arguments.command {
        Command::Serve(serve) => serve.run(),
        Command::Storage(storage) => storage.run(),
        Command::Topic(topic) => on_one_thread(topic.run()),
        Command::Group(group) => on_one_thread(group.run()),
        Command::Produce(produce) => on_one_thread(produce.run()),
        Command::Consume(consume) => on_one_thread(consume.run()),
        Command::Metrics(metrics) => metrics.run(),
        Command::Log(LogCommand::Dump(dump)) => dump.run(),
        Command::Generate(generate) => generate.run(Arguments::command()),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn on_one_thread(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(command)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
