//! What has to be looked at twice: how busy each core was, and how fast connections came, over the
//! last minute. Looked at every few seconds on the HTTP thread, whether or not anybody asks.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use corelog_engine::metrics;

use super::process::thread_cpu;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(10);
/// Looks that are kept: Kafka's own rates are over a minute as well.
const LOOKS: usize = 6;

#[derive(Clone)]
struct Look {
    at: Instant,
    /// CPU time of each core's thread since its start, by the core's place.
    cpu: Vec<Duration>,
    /// Connections accepted since the start.
    accepted: u64,
}

/// The last looks.
#[derive(Default)]
pub struct Rates(Mutex<VecDeque<Look>>);

/// What two looks tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rate {
    /// CPU time of each core's thread since its start, by the core's place.
    pub cpu: Vec<Duration>,
    /// The part of the time in which each core's thread did not run, 0 to 1.
    pub idle: Vec<f64>,
    /// Connections accepted per second.
    pub accepted: f64,
}

impl Rates {
    /// Looks at the cores for as long as the thread lives.
    pub async fn watch(&self) {
        loop {
            self.keep(Look::now());
            tokio::time::sleep(LOOK).await;
        }
    }

    fn keep(&self, look: Look) {
        let mut looks = self.looks();
        if looks.len() == LOOKS {
            looks.pop_front();
        }
        looks.push_back(look);
    }

    /// From the oldest look to now.
    pub fn now(&self) -> Rate {
        let now = Look::now();
        let since = self.looks().front().cloned();
        between(since.as_ref(), &now)
    }

    fn looks(&self) -> MutexGuard<'_, VecDeque<Look>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Look {
    fn now() -> Look {
        let cores = metrics::all_cores();
        Look {
            at: Instant::now(),
            cpu: cores.iter().map(|(_, one)| thread_cpu(one.thread.get())).collect(),
            accepted: cores.iter().map(|(_, one)| one.connections_accepted.get()).sum(),
        }
    }
}

fn between(since: Option<&Look>, now: &Look) -> Rate {
    let seconds = since.map_or(0.0, |since| now.at.duration_since(since.at).as_secs_f64());
    let rate = |more: f64| if seconds > 0.0 { more / seconds } else { 0.0 };
    // A core that was not there yet had run for no time.
    let before = |core: usize| since.and_then(|since| since.cpu.get(core)).copied();
    let busy = |(core, cpu): (usize, &Duration)| {
        rate(cpu.saturating_sub(before(core).unwrap_or_default()).as_secs_f64())
    };
    Rate {
        idle: now.cpu.iter().enumerate().map(|core| (1.0 - busy(core)).clamp(0.0, 1.0)).collect(),
        accepted: rate(now.accepted.saturating_sub(since.map_or(0, |since| since.accepted)) as f64),
        cpu: now.cpu.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(at: Instant, cpu: &[u64], accepted: u64) -> Look {
        let cpu = cpu.iter().copied().map(Duration::from_millis).collect();
        Look { at, cpu, accepted }
    }

    #[test]
    fn two_looks_tell_how_busy_each_core_was_and_what_came() {
        let start = Instant::now();
        let before = look(start, &[1000], 5);
        let after = look(start + Duration::from_secs(10), &[3000, 10_000], 25);
        let rate = between(Some(&before), &after);
        assert_eq!((rate.idle, rate.accepted), (vec![0.8, 0.0], 2.0));
        let alone = between(None, &after);
        assert_eq!((alone.idle, alone.accepted), (vec![1.0, 1.0], 0.0));
    }
}
