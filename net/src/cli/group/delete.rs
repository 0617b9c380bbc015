//! `corelog group delete`: groups without members go, with their offsets.

use anyhow::bail;

use super::which::Groups;
use crate::cli::run::Server;

/// Arguments of `corelog group delete`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    groups: Groups,
    #[command(flatten)]
    server: Server,
}

impl Arguments {
    /// Deletes them, and says which are gone.
    ///
    /// # Errors
    /// When one of them could not be deleted; the others are.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut cluster = self.server.connect().await?;
        let groups = self.groups.ids(&mut cluster).await?;
        let mut failed = 0;
        for (group, refused) in cluster.delete_groups(&groups).await? {
            match refused {
                None => println!("Deleted group {group}."),
                Some(error) => {
                    failed += 1;
                    eprintln!("{error}");
                }
            }
        }
        match failed {
            0 => Ok(()),
            failed => bail!("{failed} of {} groups could not be deleted", groups.len()),
        }
    }
}
