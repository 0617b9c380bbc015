//! What requests mean, in the order in which a client sends them.

use corelog_engine::runtime::Rng;
use uuid::Uuid;

use super::*;
use crate::api::data::session::{Asked, CacheLimits};
use crate::wire::TopicRef;

fn cache(slots: usize) -> FetchSessionCache {
    let limits = CacheLimits { ids: 1..1000, slots, bytes: 10_000 };
    FetchSessionCache::new(limits, Rng::seeded(7))
}

fn metadata(session_id: i32, epoch: i32) -> FetchMetadata {
    FetchMetadata { session_id, epoch, uses_topic_ids: true }
}

fn changes(asked: std::ops::Range<i32>, forgotten: std::ops::Range<i32>) -> Option<Changes> {
    let how = Asked { offset: 0, bytes_max: 1, current_leader_epoch: -1, last_fetched_epoch: -1 };
    Some(Changes {
        topics: vec![TopicRef::Id(Uuid::from_u128(1))],
        asked: asked.map(|partition| (0, partition, how)).collect(),
        forgotten: forgotten.map(|partition| (0, partition)).collect(),
    })
}

/// Makes a session of two partitions; its id.
fn open(cache: &mut FetchSessionCache) -> i32 {
    match cache.context(Mono::default(), metadata(0, 0), || changes(0..2, 0..0)) {
        Context::Full(session) => {
            assert_eq!(session.borrow().id(), 0, "nobody has kept it yet");
            cache.keep(Mono::default(), session, false)
        }
        other => panic!("{other:?}"),
    }
}

fn ask(cache: &mut FetchSessionCache, id: i32, epoch: i32) -> Context {
    cache.context(Mono::default(), metadata(id, epoch), || changes(0..0, 0..0))
}

#[test]
fn a_fetch_without_a_session_looks_at_nothing() {
    let mut cache = cache(2);
    let context = cache.context(Mono::default(), metadata(0, -1), || panic!("looked"));
    assert!(matches!(context, Context::Sessionless));
    assert!(metadata(0, -1).is_sessionless());
    assert!(!metadata(5, -1).is_sessionless(), "it ends a session");
}

#[test]
fn every_request_of_a_session_carries_the_next_epoch() {
    let mut cache = cache(2);
    let id = open(&mut cache);
    for epoch in 1..5 {
        match ask(&mut cache, id, epoch) {
            Context::Incremental(session) => assert_eq!(session.borrow().epoch(), epoch + 1),
            other => panic!("{epoch}: {other:?}"),
        }
    }
    for epoch in [1, 4, 6, -2, i32::MAX] {
        let refused = ask(&mut cache, id, epoch);
        let wanted = ErrorCode::InvalidFetchSessionEpoch;
        assert!(matches!(refused, Context::Refused(error) if error == wanted), "{epoch}");
    }
    assert!(matches!(ask(&mut cache, id, 5), Context::Incremental(_)), "an error changes nothing");
}

#[test]
fn an_unknown_session_is_not_found() {
    let mut cache = cache(2);
    let id = open(&mut cache);
    for (session, epoch) in [(id + 1, 1), (0, 1), (-3, 1), (i32::MAX, 9), (id + 1, -7)] {
        let refused = ask(&mut cache, session, epoch);
        let wanted = ErrorCode::FetchSessionIdNotFound;
        assert!(matches!(refused, Context::Refused(error) if error == wanted), "{session}");
    }
}

#[test]
fn a_session_stays_with_names_or_with_ids() {
    let mut cache = cache(2);
    let id = open(&mut cache);
    let named = FetchMetadata { uses_topic_ids: false, ..metadata(id, 1) };
    let refused = cache.context(Mono::default(), named, || panic!("looked"));
    assert!(matches!(refused, Context::Refused(ErrorCode::FetchSessionTopicIdError)));
    let late = FetchMetadata { uses_topic_ids: false, ..metadata(id, 9) };
    let refused = cache.context(Mono::default(), late, || panic!("looked"));
    assert!(matches!(refused, Context::Refused(ErrorCode::InvalidFetchSessionEpoch)), "first");
    assert!(matches!(ask(&mut cache, id, 1), Context::Incremental(_)), "it is still there");
}

#[test]
fn a_full_fetch_ends_the_session_it_names() {
    let mut cache = cache(2);
    for epoch in [FINAL_EPOCH, INITIAL_EPOCH] {
        let id = open(&mut cache);
        let context = cache.context(Mono::default(), metadata(id, epoch), || changes(0..1, 0..0));
        assert_eq!(matches!(context, Context::Sessionless), epoch == FINAL_EPOCH);
        assert_eq!(matches!(context, Context::Full(_)), epoch == INITIAL_EPOCH);
        assert!(cache.is_empty(), "nothing is kept before it is answered");
    }
}

#[test]
fn a_session_without_partitions_is_over() {
    let mut cache = cache(2);
    let id = open(&mut cache);
    let context = cache.context(Mono::default(), metadata(id, 1), || changes(0..0, 0..2));
    assert!(matches!(context, Context::Sessionless));
    assert!(cache.is_empty());
}

#[test]
fn without_slots_no_session_is_made() {
    let mut cache = cache(0);
    let context = cache.context(Mono::default(), metadata(0, 0), || panic!("looked"));
    assert!(matches!(context, Context::Sessionless));
}

#[test]
fn a_session_that_outgrows_its_memory_ends() {
    let mut cache = cache(2);
    let id = open(&mut cache);
    let context = cache.context(Mono::default(), metadata(id, 1), || changes(0..1000, 0..0));
    assert!(matches!(context, Context::Refused(ErrorCode::FetchSessionIdNotFound)));
    assert!(cache.is_empty());
    assert_eq!(cache.bytes(), 0);
}

#[test]
fn a_request_that_names_too_much_is_none() {
    let mut cache = cache(2);
    let id = open(&mut cache);
    assert!(matches!(cache.context(Mono::default(), metadata(0, 0), || None), Context::TooMuch));
    assert!(matches!(cache.context(Mono::default(), metadata(id, 1), || None), Context::TooMuch));
    assert!(matches!(ask(&mut cache, id, 1), Context::Incremental(_)), "and changes nothing");
}
