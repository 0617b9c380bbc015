//! One member of a classic group. Core-local.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::group::Token;
use crate::group::request::{Caller, Join};
use crate::runtime::Mono;

/// Protocols with a member's metadata for each, best first.
pub(super) type Protocols = Vec<(Arc<str>, Bytes)>;

/// A member.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) instance_id: Option<Arc<str>>,
    pub(super) client_id: Arc<str>,
    pub(super) client_host: Arc<str>,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    /// Changed through `Members`, which counts them.
    pub(super) protocols: Protocols,
    /// What the leader assigned to it last.
    pub(super) assignment: Bytes,
    /// Its JoinGroup waits for the end of the join phase. Changed through `Members`.
    pub(super) joining: Option<Token>,
    /// Its SyncGroup waits for the leader's.
    pub(super) syncing: Option<Token>,
    /// It has not been in any generation yet.
    pub(super) is_new: bool,
    pub(super) session: Session,
}

/// When a member has been silent for too long. The timer is not set anew with every sign of life:
/// it runs out, and finds that there was one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Session {
    pub(super) ends: Option<Mono>,
    pub(super) timer: Option<Mono>,
}

impl Member {
    /// A member that asks to join.
    pub(super) fn joining(caller: &Caller, request: &Join, from: Token) -> Member {
        Member {
            instance_id: request.instance_id.clone(),
            client_id: Arc::clone(&caller.client_id),
            client_host: Arc::clone(&caller.host),
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            session_timeout_ms: request.session_timeout_ms,
            protocols: own_protocols(&request.protocols),
            assignment: Bytes::new(),
            joining: Some(from),
            syncing: None,
            is_new: true,
            session: Session::default(),
        }
    }

    /// Its metadata for a protocol.
    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        let found = self.protocols.iter().find(|(name, _)| **name == *protocol);
        found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    /// Its first choice among the protocols that pass.
    pub(super) fn vote(&self, passes: impl Fn(&str) -> bool) -> Option<&Arc<str>> {
        self.protocols.iter().map(|(name, _)| name).find(|name| passes(name))
    }

    /// Whether silence is no fault now: it waits for us. A new member has to come again all the
    /// same, because nothing else would tell that it is gone.
    pub(super) fn may_be_silent(&self) -> bool {
        !self.is_new && (self.joining.is_some() || self.syncing.is_some())
    }

    pub(super) fn session_timeout(&self) -> Duration {
        duration(self.session_timeout_ms)
    }
}

/// A duration that a client sent.
pub(super) fn duration(ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// Copies, so that the frame they came in can go; a name that comes twice counts once.
pub(super) fn own_protocols(protocols: &[(Arc<str>, Bytes)]) -> Protocols {
    let mut own = Protocols::new();
    for (name, metadata) in protocols {
        if !own.iter().any(|(other, _)| other == name) {
            own.push((Arc::clone(name), Bytes::copy_from_slice(metadata)));
        }
    }
    own
}
