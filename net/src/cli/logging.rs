//! Log lines: one per event on standard error, as text or JSON. Which ones is chosen by RUST_LOG;
//! without it, everything from `info` up.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Form of a log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: an object per line.
    Json,
}

/// Starts logging for the whole process.
///
/// # Errors
/// RUST_LOG cannot be read.
pub fn start(format: LogFormat) -> anyhow::Result<()> {
    let filter =
        EnvFilter::builder()
            .with_default_directive(LevelFilter::INFO.into())
            .from_env()
            .map_err(|error| anyhow::anyhow!("invalid RUST_LOG: {error}; valid is, say, info"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}
