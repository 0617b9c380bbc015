//! Subscriptions by a pattern: matched in steps of their own, found again after a restart.

use super::rig::{Rig, beat, joining, text};
use crate::group::request::ConsumerHeartbeat;
use crate::group::{GroupError, TimerKey};

#[test]
fn a_pattern_is_matched_in_a_step_of_its_own() {
    let mut rig = Rig::new(&[("foo1", 1), ("foo2", 1), ("bar", 1)]);
    let join =
        ConsumerHeartbeat { topics: None, pattern: Some(text("foo.*")), ..joining("a", &[]) };
    let answer = rig.beat(&join).unwrap();
    assert_eq!((answer.member_epoch, answer.assignment), (1, Some(vec![])));
    assert_eq!(rig.kinds(), ["member a", "current a"]);
    rig.run(0);
    assert_eq!(rig.kinds(), ["pattern foo.*", "epoch"]);
    assert!(rig.group.is_subscribed_to("foo1") && !rig.group.is_subscribed_to("bar"));
    let answer = rig.beat(&beat("a", 1)).unwrap();
    assert_eq!((answer.member_epoch, answer.assignment.unwrap().len()), (2, 2));

    // A new topic is found, but not more than once in ten seconds.
    rig.create("foo3", 1);
    rig.beat(&beat("a", 2)).unwrap();
    assert!(!rig.timers.contains_key(&TimerKey::Patterns));
    rig.pass(10_001);
    rig.beat(&beat("a", 2)).unwrap();
    rig.run(0);
    assert_eq!(rig.beat(&beat("a", 2)).unwrap().assignment.unwrap().len(), 3);

    // Another member with the same pattern needs no matching; the last one takes it along.
    rig.pass(1000);
    rig.beat(&ConsumerHeartbeat { member_id: text("b"), ..join }).unwrap();
    assert_eq!(rig.kinds()[..2], ["member b", "epoch"]);
    rig.beat(&beat("a", -1)).unwrap();
    assert!(!rig.kinds().contains(&"-pattern foo.*".to_string()));
    rig.beat(&beat("b", -1)).unwrap();
    let last = ["-current b", "-target b", "-member b", "-pattern foo.*", "epoch"];
    assert_eq!(rig.kinds(), last);
    assert!(!rig.group.is_subscribed_to("foo1"));
    rig.check_replay();
}

#[test]
fn patterns_are_matched_again_after_a_restart_and_in_pieces() {
    let names: Vec<String> = (0..5000).map(|n| format!("t{n:04}")).collect();
    let topics: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let mut rig = Rig::new(&topics);
    let join = |pattern| ConsumerHeartbeat {
        topics: None,
        pattern: Some(text(pattern)),
        ..joining("a", &[])
    };
    rig.beat(&join("t.*7")).unwrap();
    let mut steps = 0;
    while rig.group.known.patterns.is_empty() {
        let key = TimerKey::Patterns;
        assert!(rig.timers.remove(&key).is_some());
        rig.step(|group, context| group.timer(context, &key));
        steps += 1;
    }
    assert_eq!((steps, rig.group.known.patterns["t.*7"].topics.len()), (3, 500));
    rig.group = rig.replayed();
    rig.pass(10_001);
    rig.beat(&beat("a", 1)).unwrap();
    assert!(rig.timers.contains_key(&TimerKey::Patterns));
    // A pattern that is none is refused, and nothing has changed.
    let bad = ConsumerHeartbeat { pattern: Some(text("a(")), ..beat("a", 2) };
    assert!(matches!(rig.beat(&bad), Err(GroupError::InvalidRegularExpression(_))));
    // Another pattern takes the place of the old one.
    rig.beat(&ConsumerHeartbeat { pattern: Some(text("t1.*")), ..beat("a", 2) }).unwrap();
    assert_eq!(rig.kinds()[..2], ["member a", "-pattern t.*7"]);
    rig.check_replay();
}
