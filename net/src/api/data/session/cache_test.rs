//! Who keeps a slot: Kafka's rules one by one, and a cache against a list that is searched.

use corelog_engine::runtime::Rng;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::api::data::session::{Asked, Changes};
use crate::wire::TopicRef;

const PLENTY: usize = 1 << 20;

fn cache(slots: usize) -> FetchSessionCache {
    let limits = CacheLimits { ids: 1..1000, slots, bytes: PLENTY };
    FetchSessionCache::new(limits, Rng::seeded(7))
}

fn at(seconds: u64) -> Mono {
    Mono::default() + Duration::from_secs(1000 + seconds)
}

/// What makes a session have this many partitions, whatever it had.
fn sized(partitions: i32) -> Changes {
    let asked = Asked { offset: 0, bytes_max: 1, current_leader_epoch: -1, last_fetched_epoch: -1 };
    Changes {
        topics: vec![TopicRef::Id(Uuid::from_u128(1))],
        asked: (0..partitions).map(|partition| (0, partition, asked)).collect(),
        forgotten: (partitions..20).map(|partition| (0, partition)).collect(),
    }
}

fn session(partitions: i32) -> Rc<RefCell<FetchSession>> {
    Rc::new(RefCell::new(FetchSession::new(true, sized(partitions))))
}

#[test]
fn slots_and_ids_and_memory_are_divided_over_the_cores() {
    let shares: Vec<_> =
        (0..3).map(|core| CacheLimits::share(CoreId(core), 3, 1000, 3000)).collect();
    assert_eq!(shares.iter().map(|share| share.slots).collect::<Vec<_>>(), [334, 333, 333]);
    assert!(shares.iter().all(|share| share.bytes == 1000));
    assert_eq!(shares[0].ids.start, 1, "0 is no session");
    assert_eq!(shares[0].ids.end, shares[1].ids.start);
    assert_eq!(shares[1].ids.end, shares[2].ids.start);
    assert!(shares[2].ids.end > shares[2].ids.start);
    let none = CacheLimits::share(CoreId(5), 8, 3, 0);
    assert_eq!(none.slots, 0);
    let all = CacheLimits::share(CoreId(0), u16::MAX, i32::MAX as u32, 0);
    assert!(all.slots * 2 <= all.ids.len(), "free ids are found");
}

#[test]
fn without_a_free_slot_a_young_session_stays() {
    let mut cache = cache(2);
    let kept = [1, 2].map(|size| cache.keep(at(0), session(size), false));
    assert!(kept.iter().all(|id| (1..1000).contains(id)));
    assert_ne!(kept[0], kept[1]);
    assert_eq!(cache.keep(at(120), session(9), false), 0, "used two minutes ago, but not longer");
    assert_eq!(cache.len(), 2);
    cache.close(kept[0]);
    assert_ne!(cache.keep(at(120), session(1), false), 0);
}

#[test]
fn the_session_that_was_not_used_for_longest_goes_first() {
    let mut cache = cache(2);
    let first = cache.keep(at(0), session(9), false);
    let second = cache.keep(at(1), session(1), false);
    cache.touch(at(2), first);
    let third = cache.keep(at(123), session(1), false);
    assert_ne!(third, 0, "the second is stale, the first is bigger and staler than nothing");
    assert!(cache.get(first).is_some() && cache.get(second).is_none());
}

#[test]
fn an_old_session_gives_way_to_a_bigger_one_only() {
    let mut cache = cache(1);
    let old = cache.keep(at(0), session(3), false);
    cache.touch(at(100), old);
    assert_eq!(cache.keep(at(121), session(9), false), 0, "young when it was used last");
    cache.touch(at(121), old);
    assert_eq!(cache.keep(at(122), session(3), false), 0, "as big as this one");
    let bigger = cache.keep(at(122), session(4), false);
    assert_ne!(bigger, 0);
    assert!(cache.get(old).is_none());
}

#[test]
fn a_follower_takes_a_consumers_slot_and_loses_its_own_only_when_stale() {
    let mut cache = cache(1);
    let consumer = cache.keep(at(0), session(9), false);
    let follower = cache.keep(at(1), session(1), true);
    assert_ne!(follower, 0, "however young and big the consumer's is");
    assert!(cache.get(consumer).is_none());
    assert_eq!(cache.keep(at(2), session(9), true), 0, "another follower has to wait");
    cache.touch(at(130), follower);
    assert_eq!(cache.keep(at(131), session(9), false), 0, "a consumer never");
    let other = cache.keep(at(131), session(2), true);
    assert_ne!(other, 0, "a bigger follower, once this one is old");
    assert_ne!(cache.keep(at(300), session(1), false), 0, "stale is stale");
    assert!(cache.get(other).is_none());
}

#[test]
fn a_session_that_does_not_fit_into_memory_is_not_kept() {
    let one = session(10).borrow().bytes();
    let limits = CacheLimits { ids: 1..1000, slots: 100, bytes: 2 * one };
    let mut cache = FetchSessionCache::new(limits, Rng::seeded(7));
    let first = cache.keep(at(0), session(10), false);
    assert_ne!(cache.keep(at(0), session(10), false), 0);
    assert_eq!(cache.bytes(), 2 * one);
    assert_eq!(cache.keep(at(0), session(1), false), 0);
    cache.get(first).unwrap().borrow_mut().update(sized(11));
    assert!(!cache.touch(at(1), first), "it has grown beyond the limit");
    cache.close(first);
    assert_eq!(cache.bytes(), one);
    assert_eq!(cache.keep(at(500), session(25), false), 0, "more than all others could free");
    assert_eq!(cache.len(), 1, "so nobody had to go");
    assert_ne!(cache.keep(at(500), session(9), false), 0);
}

/// A session of the model.
#[derive(Clone, Debug)]
struct Row {
    id: i32,
    privileged: bool,
    size: usize,
    created: Mono,
    used: Mono,
    old_at_use: bool,
}

#[derive(Clone, Debug)]
enum Turn {
    Keep { privileged: bool, size: i32 },
    Touch { which: usize, size: i32 },
    Close { which: usize },
}

fn turn() -> impl Strategy<Value = (u64, Turn)> {
    let turn = prop_oneof![
        3 => (prop::bool::weighted(0.2), 1i32..6)
            .prop_map(|(privileged, size)| Turn::Keep { privileged, size }),
        4 => (0usize..8, 1i32..6).prop_map(|(which, size)| Turn::Touch { which, size }),
        1 => (0usize..8).prop_map(|which| Turn::Close { which }),
    ];
    (prop_oneof![0u64..5, 30u64..70], turn)
}

/// The row that gives way to a new session, as Kafka's words have it.
fn victim(rows: &[Row], now: Mono, privileged: bool, size: usize) -> Option<usize> {
    let long = Duration::from_secs(120);
    let places = 0..rows.len();
    let stalest = places.clone().min_by_key(|at| (rows[*at].used, rows[*at].id))?;
    if now.since(rows[stalest].used) > long {
        return Some(stalest);
    }
    let open = |at: &usize| rows[*at].old_at_use || privileged && !rows[*at].privileged;
    let key = |at: &usize| (rows[*at].privileged, rows[*at].size, rows[*at].id);
    let least = places.filter(open).min_by_key(key)?;
    ((privileged, size, 0) >= key(&least)).then_some(least)
}

proptest! {
    #[test]
    fn slots_go_as_kafkas_rules_say(turns in prop::collection::vec(turn(), 1..60)) {
        let (mut cache, mut rows, mut now) = (cache(3), Vec::<Row>::new(), at(0));
        for (seconds, turn) in turns {
            now = now + Duration::from_secs(seconds);
            match turn {
                Turn::Keep { privileged, size } => {
                    let id = cache.keep(now, session(size), privileged);
                    let size = size as usize;
                    let mut room = rows.len() < 3;
                    if !room && let Some(at) = victim(&rows, now, privileged, size) {
                        rows.remove(at);
                        room = true;
                    }
                    prop_assert_eq!(id != 0, room);
                    if room {
                        let (created, used) = (now, now);
                        rows.push(Row { id, privileged, size, created, used, old_at_use: false });
                    }
                }
                Turn::Touch { which, size } if which < rows.len() => {
                    let row = &mut rows[which];
                    cache.get(row.id).unwrap().borrow_mut().update(sized(size));
                    prop_assert!(cache.touch(now, row.id));
                    (row.used, row.size) = (now, size as usize);
                    row.old_at_use = now.since(row.created) > Duration::from_secs(120);
                }
                Turn::Close { which } if which < rows.len() => cache.close(rows.remove(which).id),
                Turn::Touch { .. } | Turn::Close { .. } => {}
            }
            prop_assert_eq!(cache.len(), rows.len());
            prop_assert!(rows.iter().all(|row| cache.get(row.id).is_some()));
            let bytes = rows.iter().map(|row| session(row.size as i32).borrow().bytes());
            prop_assert_eq!(cache.bytes(), bytes.sum::<usize>());
        }
    }
}
