//! The blocks of all cores of this process, for whoever shows them. The lock is taken when a core
//! starts and when somebody looks, never by a core at work.

use std::sync::{Arc, Mutex};

use super::core_metrics::CoreMetrics;

static CORES: Mutex<Vec<(u16, Arc<CoreMetrics>)>> = Mutex::new(Vec::new());

/// Puts the counters of core `core` where [`all_cores`] finds them; replaces those of a core with
/// the same number. Called by the runtime when a core starts.
pub fn register(core: u16, metrics: Arc<CoreMetrics>) {
    let mut cores = CORES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    cores.retain(|(other, _)| *other != core);
    cores.push((core, metrics));
    cores.sort_by_key(|(number, _)| *number);
}

/// The counters of every core that was started, by core number. Any thread.
pub fn all_cores() -> Vec<(u16, Arc<CoreMetrics>)> {
    CORES.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
}
