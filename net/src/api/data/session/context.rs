//! What a fetch request means to the sessions of this core: the order of Kafka's checks. Pure.
//!
//! | session id | epoch | meaning |
//! |---|---|---|
//! | 0 | -1 (final) | full fetch, no session |
//! | 0 | 0 (initial) | full fetch, make a session |
//! | some | -1 | full fetch, end that session |
//! | some | 0 | full fetch, end that session and make another one |
//! | some | above 0 | incremental fetch in that session; error 70, 71 or 106 when it cannot be |

use std::cell::RefCell;
use std::rc::Rc;

use corelog_engine::runtime::Mono;

use super::cache::FetchSessionCache;
use super::changes::Changes;
use super::fetch_session::{FINAL_EPOCH, FetchSession, INITIAL_EPOCH, INVALID_SESSION_ID};
use crate::api::names::ENTRIES_MAX;
use crate::wire::ErrorCode;

/// What a request says about its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchMetadata {
    /// The session's id, 0 = none.
    pub session_id: i32,
    /// The epoch in it.
    pub epoch: i32,
    /// Whether the request names topics by id.
    pub uses_topic_ids: bool,
}

impl FetchMetadata {
    /// A full fetch names everything that it wants to read.
    pub fn is_full(self) -> bool {
        self.epoch == INITIAL_EPOCH || self.epoch == FINAL_EPOCH
    }

    /// Nothing about it concerns any session. So are all fetches before v7 and librdkafka's.
    pub fn is_sessionless(self) -> bool {
        self.session_id == INVALID_SESSION_ID && self.epoch == FINAL_EPOCH
    }
}

/// How a request is to be answered.
#[derive(Debug)]
pub enum Context {
    /// In full, with what it names, without a session.
    Sessionless,
    /// In full; then the session is kept if there is room.
    Full(Rc<RefCell<FetchSession>>),
    /// With what has changed in this session, should its epoch be the same until then.
    Incremental(Rc<RefCell<FetchSession>>),
    /// Not at all.
    Refused(ErrorCode),
    /// It names, or its session would have, too many partitions.
    TooMuch,
}

impl FetchSessionCache {
    /// Decides about a request; what it names is looked at only if it matters. A session that is
    /// given back has taken the request in.
    pub fn context(
        &mut self,
        now: Mono,
        metadata: FetchMetadata,
        changes: impl FnOnce() -> Option<Changes>,
    ) -> Context {
        if !metadata.is_full() {
            return self.incremental(now, metadata, changes);
        }
        // Whatever session a full fetch names ends.
        self.close(metadata.session_id);
        if metadata.epoch == FINAL_EPOCH || !self.has_slots() {
            return Context::Sessionless;
        }
        let Some(changes) = changes() else { return Context::TooMuch };
        let session = FetchSession::new(metadata.uses_topic_ids, changes);
        Context::Full(Rc::new(RefCell::new(session)))
    }

    fn incremental(
        &mut self,
        now: Mono,
        metadata: FetchMetadata,
        changes: impl FnOnce() -> Option<Changes>,
    ) -> Context {
        let Some(found) = self.get(metadata.session_id) else {
            return Context::Refused(ErrorCode::FetchSessionIdNotFound);
        };
        let mut session = found.borrow_mut();
        if session.epoch() != metadata.epoch {
            return Context::Refused(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.uses_topic_ids() != metadata.uses_topic_ids {
            return Context::Refused(ErrorCode::FetchSessionTopicIdError);
        }
        let Some(changes) = changes() else { return Context::TooMuch };
        session.update(changes);
        let partitions = session.partitions().len();
        if partitions == 0 {
            self.close(metadata.session_id);
            return Context::Sessionless;
        }
        if partitions > ENTRIES_MAX {
            self.close(metadata.session_id);
            return Context::TooMuch;
        }
        session.advance();
        drop(session);
        if !self.touch(now, metadata.session_id) {
            // It grew beyond what there is for sessions: the client goes on without one.
            self.close(metadata.session_id);
            return Context::Refused(ErrorCode::FetchSessionIdNotFound);
        }
        Context::Incremental(found)
    }
}

#[cfg(test)]
#[path = "context_test.rs"]
mod context_test;
