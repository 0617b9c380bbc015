//! Text or JSON on standard output.

use std::io::{StdoutLock, Write, stdout};

use clap::ValueEnum;

/// Form of a command's output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, in Kafka's columns.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// Standard output, buffered; a write to a closed pipe is an error like any other.
pub fn out() -> std::io::BufWriter<StdoutLock<'static>> {
    std::io::BufWriter::with_capacity(64 << 10, stdout().lock())
}

/// One JSON value and a line end.
///
/// # Errors
/// Standard output cannot be written.
pub fn json_line(value: &serde_json::Value) -> anyhow::Result<()> {
    let mut out = out();
    writeln!(out, "{value:#}")?;
    Ok(out.flush()?)
}
