//! A consumer group, heartbeat by heartbeat: what it answers, what it writes and in which order.

use super::rig::{Rig, beat, joining, text};
use crate::group::request::ConsumerHeartbeat;
use crate::group::{GroupError, TimerKey};
use crate::record::offsets_topic::GroupRecord;

fn told(error: GroupError) -> String {
    error.to_string()
}

#[test]
fn the_first_member_gets_everything_and_its_records_stand_in_kafkas_order() {
    let mut rig = Rig::new(&[("t", 3)]);
    let answer = rig.join("a", &["t"]);
    assert_eq!((answer.member_id, answer.member_epoch), (Some(text("a")), 2));
    assert_eq!(answer.heartbeat_interval_ms, 1000);
    assert_eq!(answer.assignment, Some(vec![rig.set("t", &[0, 1, 2])]));
    assert_eq!(rig.kinds(), ["member a", "epoch", "target a", "target epoch", "current a"]);
    assert_eq!(rig.group.state(), "Stable");
    assert_eq!(rig.timers[&TimerKey::Session(text("a"))].as_nanos(), 45_000_000_000);
    rig.check_replay();
}

#[test]
fn a_heartbeat_with_nothing_new_writes_nothing() {
    let mut rig = Rig::new(&[("t", 3)]);
    rig.join("a", &["t"]);
    rig.pass(5000);
    let answer = rig.beat(&beat("a", 2)).unwrap();
    assert_eq!((answer.member_epoch, answer.assignment), (2, None));
    assert!(rig.wrote.is_empty());
    assert_eq!(rig.timers[&TimerKey::Session(text("a"))].as_nanos(), 50_000_000_000);
    // The same topics in another order are nothing new either; being told all, it is told all.
    let full =
        ConsumerHeartbeat { member_epoch: 2, owned: Some(vec![]), ..joining("a", &["t", "t"]) };
    assert_eq!(rig.beat(&full).unwrap().assignment, Some(vec![rig.set("t", &[0, 1, 2])]));
    assert!(rig.wrote.is_empty());
}

#[test]
fn a_second_member_waits_for_the_first_to_give_up_its_half() {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.join("a", &["t"]);
    rig.pass(1000);
    let answer = rig.join("b", &["t"]);
    assert_eq!((answer.member_epoch, answer.assignment), (3, Some(vec![])));
    let kinds = ["member b", "epoch", "target a", "target b", "target epoch", "current b"];
    assert_eq!(rig.kinds(), kinds);
    assert_eq!(rig.group.state(), "Reconciling");

    // a stays in its epoch until it says that it gave up what it was told to.
    let answer = rig.beat(&beat("a", 2)).unwrap();
    assert_eq!((answer.member_epoch, answer.assignment), (2, Some(vec![rig.set("t", &[0, 1])])));
    assert_eq!(rig.timers[&TimerKey::Revoke(text("a"))].as_nanos(), 61_000_000_000);
    assert_eq!(rig.beat(&beat("b", 3)).unwrap().assignment, None);
    let still =
        ConsumerHeartbeat { owned: Some(vec![rig.set("t", &[0, 1, 2, 3])]), ..beat("a", 2) };
    assert_eq!(rig.beat(&still).unwrap().member_epoch, 2);
    let done = ConsumerHeartbeat { owned: Some(vec![rig.set("t", &[0, 1])]), ..beat("a", 2) };
    let answer = rig.beat(&done).unwrap();
    assert_eq!((answer.member_epoch, answer.assignment), (3, None));
    assert!(!rig.timers.contains_key(&TimerKey::Revoke(text("a"))));

    let answer = rig.beat(&beat("b", 3)).unwrap();
    assert_eq!(answer.assignment, Some(vec![rig.set("t", &[2, 3])]));
    assert_eq!(rig.group.state(), "Stable");
    rig.check_replay();
}

#[test]
fn members_come_again_sooner_as_long_as_there_is_something_to_wait_for() {
    let mut rig = Rig::new(&[("t", 4)]);
    let interval = |rig: &mut Rig, request: &ConsumerHeartbeat| {
        rig.beat(request).unwrap().heartbeat_interval_ms
    };
    assert_eq!(interval(&mut rig, &joining("a", &["t"])), 1000);
    rig.pass(1000);
    assert_eq!(interval(&mut rig, &beat("a", 2)), 5000);
    assert_eq!(interval(&mut rig, &joining("b", &["t"])), 1000);
    assert_eq!(interval(&mut rig, &beat("b", 3)), 1000);
    // a is told to give up half, and does not: it itself is not asked more often for ever, b is.
    rig.pass(9000);
    assert_eq!(interval(&mut rig, &beat("a", 2)), 1000);
    rig.pass(2000);
    assert_eq!(interval(&mut rig, &beat("a", 2)), 5000);
    assert_eq!(interval(&mut rig, &beat("b", 3)), 1000);
    let done = ConsumerHeartbeat { owned: Some(vec![rig.set("t", &[0, 1])]), ..beat("a", 2) };
    assert_eq!(interval(&mut rig, &done), 5000);
    assert_eq!(interval(&mut rig, &beat("b", 3)), 5000);
    assert_eq!(rig.group.state(), "Stable");
    // A leaver makes the group assign anew, with the next heartbeat after the interval.
    rig.beat(&beat("b", -1)).unwrap();
    assert_eq!(interval(&mut rig, &beat("a", 3)), 5000);
    // A configured interval that is shorter stays.
    rig.settings.consumer_heartbeat_interval_ms = 300;
    assert_eq!(interval(&mut rig, &joining("c", &["t"])), 300);
    rig.check_replay();
}

#[test]
fn the_assignment_is_not_made_more_often_than_once_in_its_interval() {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.join("a", &["t"]);
    rig.pass(400);
    let answer = rig.join("b", &["t"]);
    // It is in the epoch of the last assignment, in which there is nothing for it.
    assert_eq!((answer.member_epoch, answer.assignment), (2, Some(vec![])));
    assert_eq!(rig.kinds(), ["member b", "epoch", "current b"]);
    assert_eq!(rig.group.state(), "Assigning");
    rig.pass(599);
    rig.beat(&beat("a", 2)).unwrap();
    assert!(rig.wrote.is_empty());
    rig.pass(1);
    rig.beat(&beat("a", 2)).unwrap();
    assert_eq!(rig.kinds(), ["target a", "target b", "target epoch", "current a"]);
    // After a restart the time is known from the log.
    rig.group = rig.replayed();
    rig.join("c", &["t"]);
    assert_eq!(rig.kinds(), ["member c", "epoch", "current c"]);
    // A clock that is set back does not hold it up.
    rig.now = crate::runtime::Mono::from_nanos(0);
    rig.beat(&beat("b", 2)).unwrap();
    assert!(rig.kinds().contains(&"target epoch".to_string()));
    rig.check_replay();
}

#[test]
fn a_member_that_leaves_is_removed_in_kafkas_order() {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.join("a", &["t"]);
    let answer = rig.beat(&beat("a", -1)).unwrap();
    assert_eq!((answer.member_id, answer.member_epoch), (Some(text("a")), -1));
    assert_eq!((answer.heartbeat_interval_ms, answer.assignment), (0, None));
    assert_eq!(rig.kinds(), ["-current a", "-target a", "-member a", "epoch"]);
    assert_eq!(rig.group.state(), "Empty");
    assert!(rig.timers.is_empty());
    rig.check_replay();
    assert_eq!(rig.beat(&beat("a", -1)), Err(GroupError::UnknownMemberId));
}

#[test]
fn a_silent_member_is_fenced_and_so_is_one_that_does_not_revoke() {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.join("a", &["t"]);
    rig.pass(1000);
    rig.join("b", &["t"]);
    rig.run(44_500);
    assert_eq!(rig.group.state(), "Assigning", "b is left, and has yet to hear of it");
    assert_eq!(rig.beat(&beat("a", 2)), Err(GroupError::UnknownMemberId));
    let answer = rig.beat(&beat("b", 3)).unwrap();
    assert_eq!(
        (answer.member_epoch, answer.assignment),
        (4, Some(vec![rig.set("t", &[0, 1, 2, 3])]))
    );
    // c comes, b is told to give up half and beats on without doing it.
    rig.pass(1000);
    rig.join("c", &["t"]);
    for _ in 0..12 {
        rig.beat(&beat("b", 4)).unwrap();
        rig.beat(&beat("c", 5)).unwrap();
        rig.run(5000);
    }
    rig.run(1);
    assert_eq!(rig.beat(&beat("b", 4)), Err(GroupError::UnknownMemberId));
    rig.check_replay();
}

#[test]
fn a_member_in_another_epoch_is_fenced_unless_an_answer_was_lost() {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.join("a", &["t"]);
    let error = told(rig.beat(&beat("a", 3)).unwrap_err());
    assert_eq!(
        error,
        "The consumer group member has a greater member epoch (3) than the one known by the group \
         coordinator (2). The member must abandon all its partitions and rejoin."
    );
    rig.pass(1000);
    rig.create("u", 1);
    let more = ConsumerHeartbeat { topics: Some(vec![text("t"), text("u")]), ..beat("a", 2) };
    assert_eq!(rig.beat(&more).unwrap().member_epoch, 3);
    // The answer was lost: the member does not know of epoch 3, and owns what it had.
    let had = vec![rig.set("t", &[0, 1, 2, 3])];
    let again = ConsumerHeartbeat { owned: Some(had), ..more.clone() };
    let answer = rig.beat(&again).unwrap();
    assert_eq!((answer.member_epoch, answer.assignment), (3, None));
    let error = told(rig.beat(&more).unwrap_err());
    assert!(
        error.starts_with("The consumer group member has a smaller member epoch (2)"),
        "{error}"
    );
    let stranger = ConsumerHeartbeat { owned: Some(vec![rig.set("u", &[7])]), ..more };
    assert!(matches!(rig.beat(&stranger), Err(GroupError::FencedMemberEpoch(_))));
    // Who was fenced abandons everything and comes back as who it was.
    let answer = rig.beat(&joining("a", &["t", "u"])).unwrap();
    assert_eq!(answer.member_epoch, 3);
    assert_eq!(answer.assignment.unwrap().len(), 2);
    assert_eq!(rig.beat(&beat("stranger", 3)), Err(GroupError::UnknownMemberId));
}

#[test]
fn new_and_deleted_topics_raise_the_epoch_with_the_next_heartbeat() {
    let mut rig = Rig::new(&[("t", 2)]);
    rig.join("a", &["t", "u"]);
    rig.pass(1000);
    rig.create("other", 9);
    rig.beat(&beat("a", 2)).unwrap();
    assert!(rig.wrote.is_empty(), "a topic that nobody wants");
    rig.create("u", 1);
    let answer = rig.beat(&beat("a", 2)).unwrap();
    let all = vec![rig.set("t", &[0, 1]), rig.set("u", &[0])];
    let mut given = answer.assignment.unwrap();
    given.sort_by_key(|topic| topic.topic != all[0].topic);
    assert_eq!((answer.member_epoch, given), (3, all));
    let owned = rig.set("u", &[0]);
    rig.pass(1000);
    rig.delete("t");
    let answer = rig.beat(&beat("a", 3)).unwrap();
    // What is gone has to be given up like anything else.
    assert_eq!((answer.member_epoch, answer.assignment), (3, Some(vec![owned.clone()])));
    let done = ConsumerHeartbeat { owned: Some(vec![owned]), ..beat("a", 3) };
    assert_eq!(rig.beat(&done).unwrap().member_epoch, 4);
    rig.check_replay();
}

#[test]
fn the_assignor_that_most_members_prefer_is_used() {
    let mut rig = Rig::new(&[("t", 4), ("u", 4)]);
    let prefers = |member: &str, assignor: &str| ConsumerHeartbeat {
        assignor: Some(text(assignor)),
        ..joining(member, &["t", "u"])
    };
    rig.beat(&prefers("a", "range")).unwrap();
    rig.pass(1000);
    rig.beat(&prefers("b", "range")).unwrap();
    let described = rig.group.describe(&rig.settings, &rig.image);
    assert_eq!(described.assignor.as_ref(), "range");
    // Both topics are cut alike.
    let sizes = |of: usize| described.members[of].target.iter().map(|t| t.partitions.clone());
    assert!(sizes(0).all(|partitions| partitions == [0, 1]));
    assert!(sizes(1).all(|partitions| partitions == [2, 3]));
    rig.pass(1000);
    rig.beat(&ConsumerHeartbeat { assignor: Some(text("uniform")), ..beat("a", 2) }).unwrap();
    let error = told(rig.beat(&prefers("c", "magic")).unwrap_err());
    let expected = "ServerAssignor magic is not supported. Supported assignors: uniform, range.";
    assert_eq!(error, expected);
}

#[test]
fn requests_that_make_no_sense_are_refused_in_kafkas_words() {
    let mut rig = Rig::new(&[]);
    let blank = Some(text(" "));
    let join = joining("a", &["t"]);
    let cases: Vec<(ConsumerHeartbeat, &str)> = vec![
        (ConsumerHeartbeat { member_id: text(""), ..join.clone() }, "MemberId can't be empty."),
        (ConsumerHeartbeat { brings_member_id: false, ..beat("", 1) }, "MemberId can't be empty."),
        (
            ConsumerHeartbeat { instance_id: blank.clone(), ..join.clone() },
            "InstanceId can't be empty.",
        ),
        (ConsumerHeartbeat { rack_id: blank, ..join.clone() }, "RackId can't be empty."),
        (
            ConsumerHeartbeat { rebalance_timeout_ms: -1, ..join.clone() },
            "RebalanceTimeoutMs must be provided in first request.",
        ),
        (
            ConsumerHeartbeat { owned: None, ..join.clone() },
            "TopicPartitions must be empty when (re-)joining.",
        ),
        (
            ConsumerHeartbeat { topics: None, ..join },
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when \
             (re-)joining.",
        ),
        (beat("a", -2), "InstanceId can't be null."),
        (beat("a", -3), "MemberEpoch is invalid."),
    ];
    for (request, expected) in cases {
        assert_eq!(rig.beat(&request), Err(GroupError::InvalidRequest(text(expected))));
    }
    assert!(rig.log.is_empty());
}

#[test]
fn a_member_of_the_first_version_is_given_an_id() {
    let mut rig = Rig::new(&[("t", 1)]);
    let join = ConsumerHeartbeat { brings_member_id: false, ..joining("", &["t"]) };
    let id = rig.beat(&join).unwrap().member_id.unwrap();
    assert_eq!(id.len(), 22);
    assert!(rig.beat(&beat(&id, 2)).is_ok());
}

#[test]
fn timers_begin_anew_after_a_restart() {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.join("a", &["t"]);
    rig.pass(1000);
    rig.join("b", &["t"]);
    rig.beat(&beat("a", 2)).unwrap();
    rig.timers.clear();
    rig.group = rig.replayed();
    rig.pass(100_000);
    rig.step(|group, context| group.loaded(context));
    let since = |key: TimerKey| rig.timers[&key].since(rig.now).as_secs();
    assert_eq!(since(TimerKey::Session(text("a"))), 45);
    assert_eq!(since(TimerKey::Session(text("b"))), 45);
    assert_eq!(since(TimerKey::Revoke(text("a"))), 60);
    assert!(!rig.timers.contains_key(&TimerKey::Revoke(text("b"))));
}

#[test]
fn a_deleted_group_leaves_tombstones_in_kafkas_order() {
    let mut rig = Rig::new(&[("t", 1)]);
    rig.join("a", &["t"]);
    let records = rig.group.tombstones();
    rig.wrote = records.clone();
    let expected = ["-current a", "-target a", "-target epoch", "-member a", "-topics", "-epoch"];
    assert_eq!(rig.kinds(), expected);
    records.iter().for_each(|record| rig.group.replay(record));
    assert!(rig.group.is_empty() && rig.group.tally == Default::default());
}

#[test]
fn sets_that_kafka_wrote_in_the_order_of_its_maps_are_read() {
    let mut rig = Rig::new(&[("t", 4), ("u", 4)]);
    let answer = rig.join("a", &["t", "u"]);
    for record in &mut rig.log {
        match record {
            GroupRecord::Target { value: Some(value), .. } => {
                value.reverse();
                value.iter_mut().for_each(|topic| topic.partitions.reverse());
            }
            GroupRecord::Current { value: Some(value), .. } => {
                value.assigned.reverse();
                value.assigned.iter_mut().for_each(|topic| topic.partitions.reverse());
            }
            _ => {}
        }
    }
    rig.check_replay();
    rig.group = rig.replayed();
    let full = ConsumerHeartbeat { member_epoch: 2, ..joining("a", &["t", "u"]) };
    assert_eq!(rig.beat(&full).unwrap().assignment, answer.assignment);
}
