//! What handlers work with: this core's shard, and what is kept beside it for requests.
//! Core-local.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use corelog_engine::config::BrokerConfig;
use corelog_engine::metadata::Image;
use corelog_engine::record::ProducerId;
use corelog_engine::runtime;
use corelog_engine::shard::Shard;

use super::data::session::{CacheLimits, FetchSessionCache};
use crate::wire::{ApiKey, ErrorCode};

/// Fetch sessions take no more than this part of the memory budget.
const SESSION_SHARE: u64 = 4;

/// The broker as a core's handlers see it.
pub struct Broker {
    shard: Rc<Shard>,
    /// Producer ids of this core that nobody has yet.
    producer_ids: RefCell<Range<ProducerId>>,
    fetch_sessions: RefCell<FetchSessionCache>,
}

impl Broker {
    /// Over this core's shard.
    pub fn new(shard: Rc<Shard>) -> Rc<Broker> {
        let config = shard.config();
        let (slots, bytes) = (config.network.fetch_sessions_max, config.cores.memory_budget_bytes);
        let cores = shard.shared().cores;
        let limits = CacheLimits::share(shard.core(), cores, slots, bytes / SESSION_SHARE);
        let fetch_sessions = RefCell::new(FetchSessionCache::new(limits, runtime::rng()));
        Rc::new(Broker { shard, producer_ids: RefCell::new(0..0), fetch_sessions })
    }

    /// This core's partitions, and the way to those of others.
    pub fn shard(&self) -> &Rc<Shard> {
        &self.shard
    }

    /// The cluster as of now.
    pub fn image(&self) -> Arc<Image> {
        self.shard.image()
    }

    /// The settings the broker runs with.
    pub fn config(&self) -> &BrokerConfig {
        self.shard.config()
    }

    /// The fetch sessions of this core.
    pub fn fetch_sessions(&self) -> &RefCell<FetchSessionCache> {
        &self.fetch_sessions
    }

    /// Counts the errors in an answer to a request of this kind.
    pub fn count_errors(&self, api: ApiKey, errors: impl Iterator<Item = ErrorCode>) {
        let mut counters = None;
        for error in errors.filter(|error| error.is_error()) {
            let kind = usize::try_from(api.code()).unwrap_or(usize::MAX);
            let counters = counters.get_or_insert_with(|| self.shard.metrics().api.of(kind));
            if let Some(counters) = counters {
                counters.errors.one(error.code());
            }
        }
    }

    /// A producer id that nobody ever had; `None` when the controller gives none now.
    pub async fn producer_id(&self) -> Option<ProducerId> {
        loop {
            if let Some(id) = self.producer_ids.borrow_mut().next() {
                return Some(id);
            }
            match self.shard.controller().producer_id_block().await {
                // Should another request have brought a block meanwhile, the rest of that one is
                // never used; there are enough.
                Ok(block) => *self.producer_ids.borrow_mut() = block,
                Err(error) => {
                    tracing::warn!(%error, "no producer ids");
                    return None;
                }
            }
        }
    }
}
