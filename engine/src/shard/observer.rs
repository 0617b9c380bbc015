//! What the outside may see of running cores: what they share, and how much waits for them.
//!
//! `Clone + Send`; any thread. Nothing here waits for a core or stops one.

use std::sync::Arc;

use super::message::ShardMessage;
use super::world::ShardShared;
use crate::runtime::{CoreId, MeshSender};

/// A view of the running cores.
#[derive(Clone)]
pub struct Observer {
    shared: Arc<ShardShared>,
    to_cores: MeshSender<ShardMessage>,
}

impl Observer {
    /// Over what the cores share, and the way to them.
    pub fn new(shared: Arc<ShardShared>, to_cores: MeshSender<ShardMessage>) -> Observer {
        Observer { shared, to_cores }
    }

    /// What the cores share.
    pub fn shared(&self) -> &Arc<ShardShared> {
        &self.shared
    }

    /// Messages that stand in the inbox of each core, by core number.
    pub fn waiting_messages(&self) -> Vec<usize> {
        (0..self.shared.cores).map(|core| self.to_cores.depth(CoreId(core))).collect()
    }

    /// The log dirs that are offline, by their place in `log.dirs`.
    pub fn offline_dirs(&self) -> impl Iterator<Item = usize> {
        (0..self.shared.dirs.len()).filter(|dir| self.shared.offline.is_offline(*dir))
    }
}
