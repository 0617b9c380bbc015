//! The subcommands of `corelog group`.

use clap::Subcommand;

use super::{delete, delete_offsets, describe, list, reset, seek};

/// Arguments of `corelog group`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List groups
    List(list::Arguments),
    /// Show how far groups have come, their members or their state
    Describe(describe::Arguments),
    /// Delete groups without members, and their offsets
    Delete(delete::Arguments),
    /// Make a group forget offsets
    DeleteOffsets(delete_offsets::Arguments),
    /// Move the offsets of groups without members; shows what would happen unless --execute is said
    ResetOffsets(reset::Arguments),
    /// Move the offsets of a group without members, at once
    Seek(seek::Arguments),
}

impl Arguments {
    /// Does it.
    ///
    /// # Errors
    /// What the broker refuses, in its words.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::List(list) => list.run().await,
            Command::Describe(describe) => describe.run().await,
            Command::Delete(delete) => delete.run().await,
            Command::DeleteOffsets(delete) => delete.run().await,
            Command::ResetOffsets(reset) => reset.run().await,
            Command::Seek(seek) => seek.run().await,
        }
    }
}
