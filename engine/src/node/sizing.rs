//! How the cores are sized by the configuration. Pure.

use crate::config::BrokerConfig;
use crate::runtime::CoreSettings;

/// Kernel threads of a ring that no write and no sync may take: for cold reads.
const FREE_WORKERS: usize = 32;

/// Threads, rings and memory of the cores.
pub(super) fn core_settings(config: &BrokerConfig) -> CoreSettings {
    CoreSettings {
        cpus: config.cores.cpus.clone(),
        pin: config.cores.pin,
        ring_entries: config.cores.ring_entries,
        ring_workers: ring_workers(config.log_dirs.len(), config.cores.syncs_in_flight),
        workers: config.cores.workers,
        ..CoreSettings::default()
    }
}

/// More than all log dirs together keep in flight, so that a device that hangs takes no other
/// log dir and no reader with it.
fn ring_workers(log_dirs: usize, in_flight: usize) -> u32 {
    let taken = log_dirs.saturating_mul(in_flight);
    let workers = u32::try_from(taken.saturating_add(FREE_WORKERS)).unwrap_or(u32::MAX);
    workers.max(CoreSettings::default().ring_workers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_hangs_never_takes_all_workers() {
        assert_eq!(ring_workers(1, 8), 64, "the default holds it");
        for (log_dirs, in_flight) in [(1, 64), (12, 8), (24, 64)] {
            let workers = ring_workers(log_dirs, in_flight) as usize;
            assert_eq!(workers - log_dirs * in_flight, FREE_WORKERS);
        }
    }
}
