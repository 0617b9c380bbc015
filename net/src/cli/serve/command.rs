//! `corelog serve`: read the configuration, then run a broker until it is told to stop.

use corelog_engine::node::Watcher;

use super::recovery_bar::RecoveryBar;
use super::supervisor::Supervisor;
use crate::cli::settings::Settings;

/// Arguments of `corelog serve`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
}

impl Arguments {
    /// Returns when the broker has stopped.
    ///
    /// # Errors
    /// A configuration that is not valid, or whatever stopped the broker.
    pub fn run(self) -> anyhow::Result<()> {
        let config = self.settings.load()?;
        let watchers: [Option<Box<dyn Watcher>>; 2] =
            [RecoveryBar::on_terminal(), Supervisor::of_environment()];
        crate::serve::run(config, watchers.into_iter().flatten().collect())
    }
}
