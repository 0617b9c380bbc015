//! A fetch in a session: what its partitions are to be read like, and what of the answers the
//! client has to hear. The rules are `session`'s; this file knows the image and the owner cores'
//! answers. Core-local.

use std::cell::RefCell;
use std::rc::Rc;

use corelog_engine::metadata::LogId;
use corelog_engine::partition::{FetchPart, Isolation};
use corelog_engine::runtime;
use corelog_engine::shard::FetchAnswers;

use super::fetch::{answered, isolation, part};
use super::session::FetchSession;
use crate::api::broker::Broker;
use crate::api::names;
use crate::wire::ErrorCode;
use crate::wire::fetch::FetchRequest;
use crate::wire::fetch_response::{FetchPartitionResponse, FetchResponse};

/// A fetch under way in a session. While it waits it holds no answers, only what to read.
pub(super) struct SessionFetch {
    session: Rc<RefCell<FetchSession>>,
    /// What the session's epoch stays for as long as no other request uses it.
    epoch: i32,
    /// The one by which the session is made: everything is answered.
    is_first: bool,
    /// A follower's.
    is_privileged: bool,
    isolation: Isolation,
    /// Partitions that nobody has to be asked about, by place in the session.
    refused: Vec<(u32, ErrorCode)>,
}

impl SessionFetch {
    /// The fetch that makes `session`.
    pub(super) fn first(
        session: Rc<RefCell<FetchSession>>,
        request: &FetchRequest,
        broker: &Broker,
    ) -> (SessionFetch, Vec<FetchPart>) {
        SessionFetch::new(session, true, request, broker)
    }

    /// Any later fetch in `session`.
    pub(super) fn next(
        session: Rc<RefCell<FetchSession>>,
        request: &FetchRequest,
        broker: &Broker,
    ) -> (SessionFetch, Vec<FetchPart>) {
        SessionFetch::new(session, false, request, broker)
    }

    fn new(
        session: Rc<RefCell<FetchSession>>,
        is_first: bool,
        request: &FetchRequest,
        broker: &Broker,
    ) -> (SessionFetch, Vec<FetchPart>) {
        let (parts, refused) = places(&session.borrow(), broker);
        let epoch = session.borrow().epoch();
        let fetch = SessionFetch {
            session,
            epoch,
            is_first,
            is_privileged: request.fetcher() >= 0,
            isolation: isolation(request),
            refused,
        };
        (fetch, parts)
    }

    /// The response, once the owner cores have answered.
    pub(super) fn settle(self, answers: FetchAnswers, broker: &Broker) -> FetchResponse {
        let mut session = self.session.borrow_mut();
        if session.epoch() != self.epoch {
            // Another request has used the session meanwhile: whoever sent this one has given up
            // on it, and what it would be told is counted on by nobody.
            let session_id = session.id();
            let error = ErrorCode::InvalidFetchSessionEpoch;
            return FetchResponse { session_id, ..FetchResponse::refused(error) };
        }
        let mut answers = answers.into_iter().peekable();
        let mut refused = self.refused.into_iter().peekable();
        let mut at = 0;
        let topics = session.settle(self.is_first, |cached| {
            let (place, (_, partition)) = (at, cached.key());
            at += 1;
            if let Some((_, error)) = refused.next_if(|(index, _)| *index == place) {
                return FetchPartitionResponse::refused(partition, error);
            }
            match answers.next_if(|(index, _)| *index == place) {
                Some((_, answer)) => answered(partition, answer, self.isolation),
                // Every part is answered, if only with an error; this one was forgotten somewhere.
                None => FetchPartitionResponse::refused(partition, ErrorCode::UnknownServerError),
            }
        });
        let mut session_id = session.id();
        drop(session);
        if self.is_first {
            let mut sessions = broker.fetch_sessions().borrow_mut();
            session_id = sessions.keep(runtime::now(), self.session, self.is_privileged);
        }
        FetchResponse { session_id, topics, ..FetchResponse::refused(ErrorCode::None) }
    }
}

/// What to read, and what cannot be, by place in the session.
fn places(session: &FetchSession, broker: &Broker) -> (Vec<FetchPart>, Vec<(u32, ErrorCode)>) {
    let image = broker.image();
    let topics: Vec<_> = session.topics().iter().map(|topic| names::find(&image, topic)).collect();
    let mut parts = Vec::with_capacity(session.partitions().len());
    let mut refused = Vec::new();
    for (place, cached) in (0..).zip(session.partitions()) {
        let (topic, partition) = cached.key();
        let absent = ErrorCode::UnknownTopicOrPartition;
        let found = topics.get(topic as usize).copied().unwrap_or(Err(absent));
        match found.and_then(|topic| Ok((topic.id, topic.partition(partition).ok_or(absent)?))) {
            Ok((topic, _)) => parts.push(part(place, LogId { topic, partition }, cached.asked())),
            Err(error) => refused.push((place, error)),
        }
    }
    (parts, refused)
}
