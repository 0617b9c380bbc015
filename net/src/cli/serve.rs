//! `corelog serve`: read the configuration, then run a broker until it is told to stop.

use super::recovery_bar::RecoveryBar;
use super::settings::Settings;

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
        crate::serve::run(self.settings.load()?, RecoveryBar::on_terminal().into_iter().collect())
    }
}
