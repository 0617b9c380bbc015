//! What a session answers and in which order it reads, by hand and against a model that is Kafka's
//! rule written down as naively as it can be.

use bytes::Bytes;
use corelog_engine::runtime::Part;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::api::data::session::{Asked, Changes};
use crate::wire::ErrorCode;
use crate::wire::fetch_response::EpochEndOffset;

fn topic(number: u8) -> TopicRef {
    TopicRef::Id(Uuid::from_u128(u128::from(number)))
}

fn asked(offset: i64) -> Asked {
    Asked { offset, bytes_max: 1 << 20, current_leader_epoch: 3, last_fetched_epoch: -1 }
}

/// A request's body; every partition names its topic anew, which a client may do.
fn changes(wanted: &[(u8, i32, i64)], forgotten: &[(u8, i32)]) -> Changes {
    let mut changes = Changes::default();
    for (number, partition, offset) in wanted {
        changes.asked.push((changes.topics.len() as u32, *partition, asked(*offset)));
        changes.topics.push(topic(*number));
    }
    for (number, partition) in forgotten {
        changes.forgotten.push((changes.topics.len() as u32, *partition));
        changes.topics.push(topic(*number));
    }
    changes
}

/// What happened to a partition since its last answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Nothing,
    Records,
    Watermark,
    Start,
    StableOnly,
    Error,
    Diverging,
}

/// The answer for a partition that had this many events before.
fn answer(partition: i32, event: Event, events: i64) -> FetchPartitionResponse {
    let mut answer = FetchPartitionResponse::refused(partition, ErrorCode::None);
    answer.high_watermark = 100;
    answer.last_stable_offset = 50;
    answer.log_start_offset = 10;
    match event {
        Event::Nothing => {}
        Event::Records => answer.records = vec![Part::Memory(Bytes::from_static(b"records"))],
        Event::Watermark => answer.high_watermark += events,
        Event::Start => answer.log_start_offset += events,
        Event::StableOnly => answer.last_stable_offset += events,
        Event::Error => {
            answer = FetchPartitionResponse::refused(partition, ErrorCode::OffsetOutOfRange);
        }
        Event::Diverging => {
            answer.diverging_epoch = Some(EpochEndOffset { epoch: 1, end_offset: 2 });
        }
    }
    answer
}

type Named = Vec<(u8, i32)>;

fn named(session: &FetchSession, key: (u32, i32)) -> (u8, i32) {
    let TopicRef::Id(id) = session.topics()[key.0 as usize] else { panic!("a name") };
    (id.as_u128() as u8, key.1)
}

fn order(session: &FetchSession) -> Named {
    session.partitions().iter().map(|cached| named(session, cached.key())).collect()
}

fn told(topics: &[FetchTopicResponse]) -> Named {
    let mut told = Named::new();
    for found in topics {
        let TopicRef::Id(id) = &found.topic else { panic!("a name") };
        let partitions = found.partitions.iter();
        told.extend(partitions.map(|partition| (id.as_u128() as u8, partition.index)));
    }
    told
}

/// Answers with `event` for one partition and nothing for the others.
fn settle(session: &mut FetchSession, of: (u8, i32), event: Event) -> Named {
    let names: Vec<(u8, i32)> = order(session);
    let mut names = names.into_iter();
    let topics = session.settle(false, |cached| {
        let event = if names.next() == Some(of) { event } else { Event::Nothing };
        answer(cached.key().1, event, 1)
    });
    told(&topics)
}

#[test]
fn only_what_has_changed_is_answered() {
    let first = changes(&[(1, 0, 5), (1, 1, 5), (2, 0, 5)], &[]);
    let mut session = FetchSession::new(true, first);
    let all = vec![(1, 0), (1, 1), (2, 0)];
    assert_eq!(settle(&mut session, (9, 9), Event::Nothing), all, "nothing was told yet");
    assert_eq!(settle(&mut session, (9, 9), Event::Nothing), []);
    let one = vec![(1, 1)];
    assert_eq!(settle(&mut session, (1, 1), Event::Watermark), one);
    assert_eq!(settle(&mut session, (1, 1), Event::Watermark), [], "as told before");
    assert_eq!(settle(&mut session, (1, 1), Event::Nothing), one, "it moved back");
    assert_eq!(settle(&mut session, (1, 1), Event::Start), one);
    settle(&mut session, (1, 1), Event::Nothing);
    assert_eq!(settle(&mut session, (1, 1), Event::StableOnly), []);
    assert_eq!(settle(&mut session, (1, 1), Event::Diverging), one);
    assert_eq!(settle(&mut session, (1, 1), Event::Diverging), one, "as often as it diverges");
    assert_eq!(settle(&mut session, (1, 1), Event::Error), one);
    assert_eq!(settle(&mut session, (1, 1), Event::Error), one);
    assert_eq!(settle(&mut session, (1, 1), Event::Nothing), one, "the error is over");
    assert_eq!(settle(&mut session, (1, 1), Event::Nothing), []);
}

#[test]
fn partitions_with_records_are_read_last_next_time() {
    let mut session = FetchSession::new(true, changes(&[(1, 0, 0), (1, 1, 0), (1, 2, 0)], &[]));
    let everything = session.settle(true, |cached| answer(cached.key().1, Event::Records, 1));
    assert_eq!(told(&everything), [(1, 0), (1, 1), (1, 2)]);
    assert_eq!(order(&session), [(1, 0), (1, 1), (1, 2)], "the first answer moves nobody");
    assert_eq!(settle(&mut session, (1, 0), Event::Records), [(1, 0)]);
    assert_eq!(order(&session), [(1, 1), (1, 2), (1, 0)]);
    settle(&mut session, (1, 2), Event::Watermark);
    assert_eq!(order(&session), [(1, 1), (1, 2), (1, 0)], "a watermark moves nobody");
    session.update(changes(&[(1, 1, 77), (2, 0, 0)], &[(1, 2)]));
    assert_eq!(order(&session), [(1, 1), (1, 0), (2, 0)], "named again, it keeps its place");
    assert_eq!(session.partitions()[0].asked().offset, 77);
}

#[test]
fn topics_of_which_nothing_is_read_are_forgotten() {
    let mut session = FetchSession::new(true, changes(&[(1, 0, 0), (2, 0, 0), (3, 0, 0)], &[]));
    session.update(changes(&[], &[(1, 0), (3, 0), (4, 4)]));
    assert_eq!(session.topics(), [topic(2)]);
    assert_eq!(order(&session), [(2, 0)]);
    assert_eq!(session.bytes(), size_of::<TopicRef>() + size_of::<CachedPartition>());
    session.update(changes(&[], &[(2, 0)]));
    assert!(session.partitions().is_empty());
    assert_eq!(session.bytes(), 0);
}

#[test]
fn a_name_outlives_the_frame_that_it_came_in() {
    let frame = Bytes::from_static(b"events");
    let name = crate::wire::StrBytes::from_utf8(frame.clone()).unwrap();
    let topics = vec![TopicRef::Name(name)];
    let changes = Changes { topics, asked: vec![(0, 0, asked(0))], ..Changes::default() };
    let session = FetchSession::new(false, changes);
    let TopicRef::Name(kept) = &session.topics()[0] else { panic!("an id") };
    assert_eq!(&**kept, "events");
    assert_ne!(kept.as_bytes().as_ptr(), frame.as_ptr());
}

#[test]
fn epochs_wrap_around_to_one() {
    let epochs = [-5, FINAL_EPOCH, INITIAL_EPOCH, 1, i32::MAX - 1, i32::MAX].map(next_epoch);
    assert_eq!(epochs, [FINAL_EPOCH, FINAL_EPOCH, 1, 2, i32::MAX, 1]);
}

/// A partition of the model: which, where it is read, and the watermark and start told last.
#[derive(Clone, Debug)]
struct Row {
    name: (u8, i32),
    offset: i64,
    watermark: i64,
    start: i64,
}

/// Kafka's session as a list that is searched from the front.
#[derive(Default)]
struct Model(Vec<Row>);

impl Model {
    fn update(&mut self, wanted: &[(u8, i32, i64)], forgotten: &[(u8, i32)]) {
        // The last word on a partition counts, at the place of the first.
        let mut words: Vec<(u8, i32, i64)> = Vec::new();
        for word in wanted {
            match words.iter_mut().find(|other| (other.0, other.1) == (word.0, word.1)) {
                Some(other) => *other = *word,
                None => words.push(*word),
            }
        }
        for (topic, partition, offset) in words {
            let name = (topic, partition);
            match self.0.iter_mut().find(|row| row.name == name) {
                Some(row) => row.offset = offset,
                None => self.0.push(Row { name, offset, watermark: -1, start: -1 }),
            }
        }
        for name in forgotten {
            self.0.retain(|row| row.name != *name);
        }
    }

    fn settle(&mut self, answers: &[FetchPartitionResponse], all: bool) -> Named {
        let mut told = Named::new();
        let rows = self.0.clone();
        for (row, answer) in rows.iter().zip(answers) {
            let at = self.0.iter().position(|other| other.name == row.name).unwrap();
            let mine = &mut self.0[at];
            let failed = answer.error != ErrorCode::None;
            let mut must = !answer.records.is_empty() || failed;
            must |= answer.diverging_epoch.is_some();
            must |= mine.watermark != answer.high_watermark;
            must |= mine.start != answer.log_start_offset;
            mine.watermark = if failed { -1 } else { answer.high_watermark };
            mine.start = answer.log_start_offset;
            if must || all {
                told.push(row.name);
            }
            if !answer.records.is_empty() && !all {
                let back = self.0.remove(at);
                self.0.push(back);
            }
        }
        told
    }
}

/// One request and its answer.
#[derive(Clone, Debug)]
struct Turn {
    wanted: Vec<(u8, i32, i64)>,
    forgotten: Vec<(u8, i32)>,
    events: Vec<(Event, i64)>,
}

fn turn() -> impl Strategy<Value = Turn> {
    let event = prop_oneof![
        4 => Just(Event::Nothing),
        2 => Just(Event::Records),
        1 => Just(Event::Watermark),
        1 => Just(Event::Start),
        1 => Just(Event::StableOnly),
        1 => Just(Event::Error),
        1 => Just(Event::Diverging),
    ];
    let wanted = prop::collection::vec((0u8..3, 0i32..4, 0i64..100), 0..5);
    let forgotten = prop::collection::vec((0u8..4, 0i32..4), 0..3);
    let events = prop::collection::vec((event, 0i64..3), 16);
    let turn = (wanted, forgotten, events);
    turn.prop_map(|(wanted, forgotten, events)| Turn { wanted, forgotten, events })
}

proptest! {
    #[test]
    fn a_session_is_what_kafkas_rule_makes_of_it(turns in prop::collection::vec(turn(), 1..20)) {
        let mut session = FetchSession::new(true, Changes::default());
        let mut model = Model::default();
        for (number, Turn { wanted, forgotten, events }) in turns.into_iter().enumerate() {
            session.update(changes(&wanted, &forgotten));
            model.update(&wanted, &forgotten);
            let names: Named = model.0.iter().map(|row| row.name).collect();
            prop_assert_eq!(order(&session), names);
            let offsets: Vec<i64> = model.0.iter().map(|row| row.offset).collect();
            let kept = session.partitions().iter().map(|cached| cached.asked().offset);
            prop_assert_eq!(kept.collect::<Vec<_>>(), offsets);
            let happened: Vec<(i32, Event, i64)> = model.0.iter().zip(events.iter().cycle())
                .map(|(row, (event, count))| (row.name.1, *event, *count))
                .collect();
            let answered = happened.iter().map(|(of, what, count)| answer(*of, *what, *count));
            let answers: Vec<_> = answered.collect();
            let mut given = happened.iter();
            let all = number == 0;
            let topics = session.settle(all, |_| {
                let (of, what, count) = given.next().unwrap();
                answer(*of, *what, *count)
            });
            prop_assert_eq!(told(&topics), model.settle(&answers, all));
        }
    }
}
