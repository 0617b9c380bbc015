//! Groups that nobody has joined: offsets, and who may do what with them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::*;
use crate::config::{GroupSettings, TopicConfig};
use crate::group::request::{CommitPartition, Heartbeat, Join, Leaving};
use crate::metadata::Image;
use crate::runtime::{Mono, Rng};

struct Rig {
    group: Group,
    wall: i64,
    records: Vec<GroupRecord>,
}

impl Rig {
    fn new() -> Rig {
        Rig { group: Group::new(Arc::from("g")), wall: 1_000_000, records: Vec::new() }
    }

    /// The answer; what is to be written is gathered.
    fn step(&mut self, event: Event) -> Option<Answer> {
        let settings = GroupSettings {
            offsets_retention: Duration::from_millis(100),
            ..GroupSettings::default()
        };
        let image = Image::empty(Arc::new(TopicConfig::default()));
        let mut rng = Rng::seeded(1);
        let mut context = Context {
            now: Mono::from_nanos(0),
            wall: self.wall,
            rng: &mut rng,
            settings: &settings,
            image: &image,
        };
        let mut answer = None;
        for effect in self.group.step(&mut context, event) {
            match effect {
                Effect::Append(record) => self.records.push(record),
                Effect::Answer { to, answer: said } => {
                    assert_eq!((to, answer.replace(said)), (Token(3), None));
                }
                Effect::Timer { .. } => {}
            }
        }
        answer
    }

    fn ask(&mut self, request: Request) -> Answer {
        let caller = Caller { client_id: Arc::from("c"), host: Arc::from("/::1") };
        self.step(Event::Request { from: Token(3), caller, request }).expect("an answer")
    }

    fn commit(&mut self, generation: i32, partition: i32) -> Result<(), GroupError> {
        match self.ask(Request::Commit(commit(generation, partition))) {
            Answer::Commit(answers) => answers[0].1.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// What a coordinator knows that has only read the log.
    fn replayed(&self) -> Group {
        let mut group = Group::new(Arc::from("g"));
        self.records.iter().for_each(|record| group.replay(record.clone()));
        group
    }
}

fn commit(generation: i32, partition: i32) -> Commit {
    Commit {
        member_id: Arc::default(),
        instance_id: None,
        generation,
        knows_epochs: true,
        retention_ms: None,
        offsets: vec![CommitPartition {
            index: 7,
            topic: Arc::from("t"),
            topic_id: Uuid::from_u128(5),
            partition,
            offset: 42,
            leader_epoch: 1,
            metadata: Arc::from("note"),
        }],
    }
}

fn join(member_id: &str) -> Join {
    Join {
        member_id: Arc::from(member_id),
        instance_id: None,
        protocol_type: Arc::from("connect"),
        protocols: vec![(Arc::from("p"), Bytes::from_static(b"m"))],
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        reason: None,
        requires_known_member_id: true,
        supports_skipping_assignment: false,
    }
}

fn not_found() -> GroupError {
    GroupError::GroupIdNotFound(Arc::from("Group g not found."))
}

#[test]
fn a_commit_without_a_generation_makes_a_group_and_one_with_a_generation_needs_a_member() {
    let mut rig = Rig::new();
    assert_eq!(rig.commit(4, 0), Err(not_found()));
    let old = Commit { knows_epochs: false, ..commit(4, 0) };
    let refused = Answer::Commit(vec![(7, Err(GroupError::IllegalGeneration))]);
    assert_eq!(rig.ask(Request::Commit(old)), refused);
    assert!(!rig.group.exists() && rig.records.is_empty());
    assert_eq!(rig.commit(-1, 0), Ok(()));
    assert_eq!(rig.commit(4, 0), Err(GroupError::UnknownMemberId));
    assert!(rig.group.exists() && rig.replayed().exists());
    assert_eq!(rig.replayed().offsets, rig.group.offsets);
}

#[test]
fn what_is_committed_comes_back_and_nothing_is_no_error() {
    let mut rig = Rig::new();
    let all = || FetchOffsets {
        member_id: None,
        member_epoch: -1,
        require_stable: true,
        partitions: None,
    };
    assert_eq!(rig.ask(Request::FetchOffsets(all())), Answer::FetchOffsets(Ok(Vec::new())));
    rig.commit(-1, 3).unwrap();
    let Answer::FetchOffsets(Ok(fetched)) = rig.ask(Request::FetchOffsets(all())) else { panic!() };
    let offset = fetched[0].offset.clone().unwrap().unwrap();
    assert_eq!((fetched[0].partition, offset.offset, &*offset.metadata), (3, 42, "note"));
    assert_eq!((offset.topic_id, offset.commit_timestamp), (Uuid::from_u128(5), 1_000_000));
}

#[test]
fn a_group_is_deleted_once_and_leaves_nothing_in_the_log() {
    let mut rig = Rig::new();
    assert_eq!(rig.ask(Request::Delete), Answer::Delete(Err(not_found())));
    rig.commit(-1, 0).unwrap();
    rig.commit(-1, 1).unwrap();
    assert_eq!(rig.group.listed().state, "Empty");
    assert_eq!(rig.ask(Request::Delete), Answer::Delete(Ok(())));
    assert!(!rig.group.exists() && !rig.replayed().exists());
    assert!(rig.replayed().offsets.is_empty());
    assert_eq!(rig.ask(Request::Describe), Answer::Describe(Err(not_found())));
}

#[test]
fn a_group_whose_offsets_are_deleted_stays_until_the_next_sweep() {
    let mut rig = Rig::new();
    let place = vec![(Arc::from("t"), 0), (Arc::from("x"), 9)];
    let asked = Request::DeleteOffsets(place);
    assert_eq!(rig.ask(asked.clone()), Answer::DeleteOffsets(Err(not_found())));
    rig.commit(-1, 0).unwrap();
    assert_eq!(rig.ask(asked), Answer::DeleteOffsets(Ok(vec![Ok(()), Ok(())])));
    assert!(rig.group.exists() && rig.group.offsets.is_empty());
    rig.step(Event::Timer(TimerKey::Offsets));
    assert!(!rig.group.exists() && !rig.replayed().exists());
}

#[test]
fn offsets_expire_when_their_time_has_passed_and_the_group_with_the_last_of_them() {
    let mut rig = Rig::new();
    rig.commit(-1, 0).unwrap();
    rig.wall += 60;
    rig.commit(-1, 1).unwrap();
    rig.wall += 60;
    rig.step(Event::Timer(TimerKey::Offsets));
    assert!(rig.group.exists());
    assert_eq!(rig.replayed().offsets, rig.group.offsets);
    rig.wall += 60;
    rig.step(Event::Timer(TimerKey::Offsets));
    assert!(!rig.group.exists() && !rig.replayed().exists());
}

#[test]
fn offsets_of_a_deleted_topic_go_but_not_those_of_its_successor() {
    let mut rig = Rig::new();
    rig.commit(-1, 0).unwrap();
    let gone = |id| Event::TopicsDeleted(Arc::from([(Arc::from("t"), Uuid::from_u128(id))]));
    rig.step(gone(4));
    assert!(!rig.group.offsets.is_empty());
    rig.step(gone(5));
    assert!(rig.group.offsets.is_empty() && rig.replayed().offsets.is_empty());
}

#[test]
fn a_group_that_only_committed_can_be_joined_and_keeps_its_offsets() {
    let mut rig = Rig::new();
    rig.commit(-1, 0).unwrap();
    let Answer::Join(joined) = rig.ask(Request::Join(join(""))) else { panic!() };
    assert_eq!(joined.error, Some(GroupError::MemberIdRequired));
    assert_eq!(rig.step(join_request(&joined.member_id)), None, "it waits for others");
    assert_eq!(rig.group.listed().state, "PreparingRebalance");
    assert_eq!(rig.commit(-1, 1), Err(GroupError::UnknownMemberId), "no tool while members are in");
    assert_eq!(rig.ask(Request::Delete), Answer::Delete(Err(GroupError::NonEmptyGroup)));
    let forget = Request::DeleteOffsets(vec![(Arc::from("t"), 0)]);
    assert_eq!(rig.ask(forget), Answer::DeleteOffsets(Err(GroupError::NonEmptyGroup)));
    assert_eq!(rig.replayed().offsets, rig.group.offsets);
    assert_eq!(rig.replayed().listed().state, "Empty", "nobody has a generation yet");
}

fn join_request(member_id: &str) -> Event {
    let caller = Caller { client_id: Arc::from("c"), host: Arc::from("/::1") };
    Event::Request { from: Token(3), caller, request: Request::Join(join(member_id)) }
}

#[test]
fn a_member_that_nobody_knows_makes_no_group() {
    let mut rig = Rig::new();
    let Answer::Join(joined) = rig.ask(Request::Join(join("gone"))) else { panic!() };
    assert_eq!(joined.error, Some(GroupError::UnknownMemberId));
    let beat = Heartbeat { member_id: Arc::from("gone"), instance_id: None, generation: 1 };
    let unknown = Err(GroupError::UnknownMemberId);
    assert_eq!(rig.ask(Request::Heartbeat(beat)), Answer::Heartbeat(unknown));
    let leaving = Leaving { member_id: Arc::from("gone"), instance_id: None, reason: None };
    let Answer::Leave(Ok(left)) = rig.ask(Request::Leave(vec![leaving])) else { panic!() };
    assert_eq!(left[0].error, Some(GroupError::UnknownMemberId));
    assert!(!rig.group.exists() && rig.records.is_empty());
}

#[test]
fn a_group_that_somebody_came_to_ends_with_its_last_offset() {
    let mut rig = Rig::new();
    rig.ask(Request::Join(join("")));
    assert!(rig.group.exists() && rig.replayed().exists());
    rig.commit(-1, 0).unwrap();
    rig.step(Event::Timer(TimerKey::Offsets));
    assert!(rig.group.exists(), "the offset is young");
    rig.wall += 101;
    rig.step(Event::Timer(TimerKey::Offsets));
    assert!(!rig.group.exists() && !rig.replayed().exists());
}
