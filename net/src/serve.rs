//! Runs a broker: from its configuration to a controlled stop.

use anyhow::bail;
use corelog_engine::config::BrokerConfig;

/// Returns when the broker has stopped.
///
/// # Errors
/// Whatever kept it from starting or made it stop.
pub fn run(config: BrokerConfig) -> anyhow::Result<()> {
    bail!("node {} cannot run: this build holds no broker yet", config.node_id)
}
