//! Signs of life: every core says at short intervals that it still takes turns.
//!
//! A task on the core moves a number that anybody may read; when it stops moving, something holds
//! the core. Health checks and a supervisor's watchdog are fed by it. What ran meanwhile is told
//! by `metrics::Stalls`, once the core is free again.

use std::time::Duration;

use super::failpoint::{self, Failpoint};
use super::{CoreId, core_metrics, now, sleep};
use crate::metrics;

/// Between two signs of life of a core.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);

/// The last sign of life of one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Which core.
    pub core: CoreId,
    /// How long ago; `None` when it gave none yet.
    pub age: Option<Duration>,
}

/// Gives signs of life of this core for as long as it lives; run it as a task of its own.
pub async fn beat() {
    let metrics = core_metrics();
    loop {
        metrics.heartbeat.set(now().as_nanos().max(1));
        failpoint::pass(Failpoint::Heartbeat);
        sleep(HEARTBEAT_INTERVAL).await;
    }
}

/// The last sign of life of every core that was started, by core number. Any thread.
pub fn heartbeats() -> Vec<Heartbeat> {
    let now = now().as_nanos();
    let told = |(core, metrics): (u16, std::sync::Arc<metrics::CoreMetrics>)| {
        let last = metrics.heartbeat.get();
        let age = (last > 0).then(|| Duration::from_nanos(now.saturating_sub(last)));
        Heartbeat { core: CoreId(core), age }
    };
    metrics::all_cores().into_iter().map(told).collect()
}
