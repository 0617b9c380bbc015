//! What the HTTP thread knows of the node: how far its life has come, and the view of its cores.
//!
//! Written by the control thread at the turns of the node's life, read by the HTTP thread.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use corelog_engine::node::Watcher;
use corelog_engine::shard::Observer;

/// How far a node's life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// Log dirs and metadata are read.
    Starting = 0,
    /// The cores open their logs.
    Recovering = 1,
    /// Every log is open.
    Serving = 2,
    /// On its way down.
    Stopping = 3,
}

/// What is known of the node. Any thread.
#[derive(Default)]
pub struct NodeState {
    phase: AtomicU8,
    cores: OnceLock<Observer>,
    /// Listeners that every core is to accept on.
    listeners: OnceLock<usize>,
}

impl NodeState {
    /// A node that is about to start, every core of which shall accept on `listeners` listeners.
    pub fn with_listeners(listeners: usize) -> NodeState {
        NodeState { listeners: OnceLock::from(listeners), ..NodeState::default() }
    }

    /// How far it has come.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Starting,
            1 => Phase::Recovering,
            2 => Phase::Serving,
            _ => Phase::Stopping,
        }
    }

    /// The running cores; `None` while there are none.
    pub fn cores(&self) -> Option<&Observer> {
        self.cores.get()
    }

    /// Listeners that every core is to accept on.
    pub fn listeners(&self) -> usize {
        self.listeners.get().copied().unwrap_or(0)
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }
}

/// Keeps a [`NodeState`] as the node goes on.
pub struct StateKeeper(pub std::sync::Arc<NodeState>);

impl Watcher for StateKeeper {
    fn starting(&mut self, running: &Observer) {
        // A node starts once; a second time would find its place taken and change nothing.
        let _ = self.0.cores.set(running.clone());
        self.0.enter(Phase::Recovering);
    }

    fn started(&mut self, _running: &Observer) {
        self.0.enter(Phase::Serving);
    }

    fn stopping(&mut self) {
        self.0.enter(Phase::Stopping);
    }
}
