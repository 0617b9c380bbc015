//! The broker with its wire: from a configuration to a process that serves until it is told to
//! stop. Called once, on the thread that starts the process; blocks it.
//!
//! Must not know: what a request means, how a configuration was read.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use corelog_engine::config::BrokerConfig;
use corelog_engine::node::{self, Server, Watcher};
use corelog_engine::runtime::{
    self, ColdReads, CoreSettings, IpAddr, KernelFeatures, Listener, Socket, SocketAddr, Task,
};
use corelog_engine::shard::{Observer, Shard};

use crate::admission::{Admission, AdmissionLimits};
use crate::api::TABLE;
use crate::api::broker::Broker;
use crate::connection::ConnectionWorld;
use crate::governor::Governor;
use crate::http::{Bound, HttpThread, NodeState, StateKeeper};
use crate::input::InputLimits;
use crate::listener;

/// Half of the memory budget is for requests on their way in; the other half is for batches that
/// wait for the disk, which stand on the same bytes, and for what is read from cold files.
const REQUEST_SHARE: u64 = 2;
/// A core has room for this much of requests, however small the budget.
const REQUEST_BYTES_MIN: u64 = 4 << 20;
/// How long a look at an address may take before it counts as free.
const PROBE: Duration = Duration::from_millis(500);

/// An address to listen on, by listener.
#[derive(Clone, Debug)]
struct Bind {
    name: String,
    address: SocketAddr,
}

/// Runs the broker until SIGTERM or SIGINT; `watchers` are told how it goes, after the line in the
/// log that says the same.
///
/// # Errors
/// The kernel, a log dir, the metadata or an address is not as it must be; the text says which.
pub fn run(config: BrokerConfig, mut watchers: Vec<Box<dyn Watcher>>) -> anyhow::Result<()> {
    let features = runtime::probe()?;
    if let Err(error) = runtime::refuse_huge_pages() {
        tracing::warn!(%error, "this process may take huge pages, and so more memory than it uses");
    }
    let binds = Arc::new(runtime::run_here(binds(&config))?);
    let state = Arc::new(NodeState::with_listeners(binds.len()));
    watchers.insert(0, Box::new(StateKeeper(state.clone())));
    // Before the node, so that health is told from the start; it ends after the node.
    let _http = match Bound::of(config.http.as_ref())? {
        Some(bound) => Some(HttpThread::start(bound, state)?),
        None => None,
    };
    let admission = Admission::new(AdmissionLimits {
        connections: u64::from(config.network.connections_max),
        per_address: u64::from(config.network.connections_per_ip_max),
        per_address_overrides: Default::default(),
    });
    let announcer = Announcer { features, binds: binds.clone(), watchers };
    let server: Server = Arc::new(move |shard| {
        let (binds, admission) = (binds.clone(), admission.clone());
        Box::pin(async move { serve(shard, &binds, &admission).await })
    });
    node::run(Arc::new(config), server, Box::new(announcer))?;
    Ok(())
}

/// Resolves the listeners' addresses and makes sure that nobody else listens there: with
/// SO_REUSEPORT the kernel would let two brokers share a port.
async fn binds(config: &BrokerConfig) -> anyhow::Result<Vec<Bind>> {
    let mut binds = Vec::new();
    for endpoint in &config.listeners {
        let shown = format!("listeners: {}://{}:{}", endpoint.name, endpoint.host, endpoint.port);
        let resolved = runtime::resolve(&endpoint.host, endpoint.port).await;
        let found = resolved.with_context(|| format!("{shown}: the host has no address"))?;
        let Some(mut address) = found.into_iter().next() else {
            bail!("{shown}: the host has no address");
        };
        if let Err(error) = Listener::bind(address, 1) {
            if !(endpoint.host.is_empty() && address.is_ipv6()) {
                return Err(error).with_context(|| format!("{shown}: cannot listen there"));
            }
            // A host without IPv6.
            address = SocketAddr::new(IpAddr::from([0, 0, 0, 0]), endpoint.port);
            Listener::bind(address, 1).with_context(|| format!("{shown}: cannot listen there"))?;
        }
        if is_taken(address).await {
            bail!("{shown}: another process listens on port {}", endpoint.port);
        }
        binds.push(Bind { name: endpoint.name.clone(), address });
    }
    Ok(binds)
}

async fn is_taken(address: SocketAddr) -> bool {
    let host = match address.ip() {
        any if any.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        host => host,
    };
    if address.port() == 0 {
        return false;
    }
    let connecting = Socket::connect(SocketAddr::new(host, address.port()));
    matches!(runtime::within(runtime::now() + PROBE, connecting).await, Some(Ok(_)))
}

/// Serves connections on this core until the broker stops.
async fn serve(shard: Rc<Shard>, binds: &[Bind], admission: &Arc<Admission>) {
    let config = shard.config().clone();
    let cores = u64::from(shard.shared().cores.max(1));
    let share = config.cores.memory_budget_bytes / REQUEST_SHARE / cores;
    let world = Rc::new(ConnectionWorld {
        state: Broker::new(shard.clone()),
        table: &TABLE,
        governor: Governor::new(share.max(REQUEST_BYTES_MIN)),
        cold: Rc::new(ColdReads::new(CoreSettings::default().cold_read_bytes)),
        limits: InputLimits {
            frame_bytes_max: config.network.request_bytes_max as usize,
            idle_max: config.network.idle_max.unwrap_or(Duration::MAX),
        },
    });
    let mut accepting: Vec<Task> = Vec::new();
    for bind in binds {
        match Listener::bind(bind.address, config.network.backlog) {
            Ok(listener) => {
                let name = Rc::from(bind.name.as_str());
                let task = listener::accept(listener, name, admission.clone(), world.clone());
                accepting.push(runtime::spawn(task));
            }
            // It could be bound a moment ago, so this is a matter of descriptors or memory.
            Err(error) => {
                let core = shard.core().0;
                tracing::error!(core, listener = bind.name, %error, "this core cannot listen");
            }
        }
    }
    shard.metrics().listeners.set(accepting.len() as u64);
    shard.stopped().await;
    shard.metrics().listeners.set(0);
    for task in accepting {
        task.abort();
    }
}

/// Says in the log what runs, then tells whoever else watches.
struct Announcer {
    features: KernelFeatures,
    binds: Arc<Vec<Bind>>,
    watchers: Vec<Box<dyn Watcher>>,
}

impl Watcher for Announcer {
    fn starting(&mut self, running: &Observer) {
        let shared = running.shared();
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            kernel = self.features.release,
            cores = shared.cores,
            node = shared.config.node_id,
            cluster = &*shared.controller.image().cluster_id,
            "starting"
        );
        for dir in &shared.dirs {
            tracing::info!(path = %dir.path.display(), clean = dir.clean, "log dir");
        }
        self.watchers.iter_mut().for_each(|watcher| watcher.starting(running));
    }

    fn started(&mut self, running: &Observer) {
        for bind in self.binds.iter() {
            tracing::info!(name = bind.name, address = %bind.address, "listening");
        }
        let image = running.shared().controller.image();
        tracing::info!(topics = image.topics().len(), "serving");
        self.watchers.iter_mut().for_each(|watcher| watcher.started(running));
    }

    fn stopping(&mut self) {
        self.watchers.iter_mut().for_each(|watcher| watcher.stopping());
    }
}
