//! Everything that one page tells, found at one moment. On the HTTP thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use corelog_engine::metadata::Image;
use corelog_engine::metrics::{self, CoreMetrics, Distribution, RequestMetrics};
use corelog_engine::runtime;
use corelog_engine::shard::Observer;

use super::facts::Facts;
use super::health::Vitals;
use super::process::Process;
use super::rates::{Rate, Rates};
use super::state::{NodeState, Phase};
use crate::wire::ApiKey;

/// What was found.
pub struct Scrape {
    /// Every core that was started.
    pub cores: Vec<Core>,
    /// Requests by their name, over all cores.
    pub requests: BTreeMap<&'static str, Requests>,
    /// As the kernel sees the process.
    pub process: Process,
    /// Whether the node lives and serves.
    pub vitals: Vitals,
    /// What is known once the cores run.
    pub node: Option<Node>,
    /// What the cores told of partitions and groups.
    pub facts: Facts,
    /// What took looking twice.
    pub rate: Rate,
}

/// One core.
pub struct Core {
    /// Its number, as a label.
    pub label: String,
    /// What it counts.
    pub metrics: Arc<CoreMetrics>,
    /// The age of its last sign of life.
    pub silent: Option<Duration>,
}

/// Requests of one name, over all cores. Times in nanoseconds.
#[derive(Default)]
pub struct Requests {
    /// See [`RequestMetrics`], here and below.
    pub total: Distribution,
    /// Until a handler takes it.
    pub queued: Distribution,
    /// Until it stands in its owner's queue.
    pub local: Distribution,
    /// Until the answer is known.
    pub remote: Distribution,
    /// Until the answers before it have left.
    pub answer_queued: Distribution,
    /// Until the socket has taken it.
    pub sending: Distribution,
    /// Requests that ended their connection.
    pub refused: u64,
    /// Errors in the answers, by code.
    pub errors: BTreeMap<i16, u64>,
}

/// What is known once the cores run.
pub struct Node {
    /// The view of the cores.
    pub observer: Observer,
    /// The cluster as of now.
    pub image: Arc<Image>,
}

impl Scrape {
    /// Looks everywhere.
    pub async fn take(node: &NodeState, rates: &Rates) -> Scrape {
        let beats = runtime::heartbeats();
        let silent = |core: u16| beats.iter().find(|beat| beat.core.0 == core)?.age;
        let core = |(number, metrics): (u16, Arc<CoreMetrics>)| Core {
            label: number.to_string(),
            silent: silent(number),
            metrics,
        };
        let cores: Vec<Core> = metrics::all_cores().into_iter().map(core).collect();
        let running = |observer: &Observer| Node {
            image: observer.shared().controller.image(),
            observer: observer.clone(),
        };
        let running = node.cores().map(running);
        let facts = match &running {
            Some(Node { observer, image }) if node.phase() == Phase::Serving => {
                let partitions_max = observer.shared().config.metrics_partitions_max;
                Facts::ask(observer, image, partitions_max).await
            }
            _ => Facts::default(),
        };
        Scrape {
            requests: requests(&cores),
            cores,
            process: Process::now(),
            vitals: Vitals::of(node),
            node: running,
            facts,
            rate: rates.now(),
        }
    }

    /// The sum over all cores.
    pub fn total(&self, counter: impl Fn(&CoreMetrics) -> u64) -> f64 {
        self.cores.iter().map(|core| counter(&core.metrics)).sum::<u64>() as f64
    }

    /// One distribution over all cores.
    pub fn merged(&self, histogram: impl Fn(&CoreMetrics) -> Distribution) -> Distribution {
        let mut merged = Distribution::default();
        for core in &self.cores {
            merged.merge(&histogram(&core.metrics));
        }
        merged
    }
}

fn requests(cores: &[Core]) -> BTreeMap<&'static str, Requests> {
    let mut found: BTreeMap<&'static str, Requests> = BTreeMap::new();
    for core in cores {
        for (kind, metrics) in core.metrics.api.all() {
            let key = i16::try_from(kind).ok().and_then(ApiKey::from_code);
            if let Some(key) = key {
                found.entry(key.name()).or_default().add(metrics);
            }
        }
    }
    found
}

impl Requests {
    fn add(&mut self, metrics: &RequestMetrics) {
        self.total.merge(&metrics.total.read());
        self.queued.merge(&metrics.queued.read());
        self.local.merge(&metrics.local.read());
        self.remote.merge(&metrics.remote.read());
        self.answer_queued.merge(&metrics.answer_queued.read());
        self.sending.merge(&metrics.sending.read());
        self.refused += metrics.refused.get();
        for (code, count) in metrics.errors.all() {
            *self.errors.entry(code).or_default() += count;
        }
    }
}
