//! Static members: who comes back under the same instance id is who it was.

use super::rig::{Rig, beat, joining, text};
use crate::group::GroupError;
use crate::group::request::ConsumerHeartbeat;

fn fixed(member: &str, epoch: i32) -> ConsumerHeartbeat {
    let instance_id = Some(text("i"));
    match epoch {
        0 => ConsumerHeartbeat { instance_id, ..joining(member, &["t"]) },
        epoch => ConsumerHeartbeat { instance_id, ..beat(member, epoch) },
    }
}

#[test]
fn a_static_member_comes_back_to_its_partitions_in_the_same_epoch() {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.beat(&fixed("a", 0)).unwrap();
    rig.pass(1000);
    rig.join("b", &["t"]);
    rig.beat(&fixed("a", 2)).unwrap();
    let kept = ConsumerHeartbeat { owned: Some(vec![rig.set("t", &[0, 1])]), ..fixed("a", 2) };
    rig.beat(&kept).unwrap();
    rig.beat(&beat("b", 3)).unwrap();

    let error = rig.beat(&fixed("a2", 0)).unwrap_err().to_string();
    assert_eq!(
        error,
        "Static member a2 with instance id i cannot join the group because the instance id is \
         owned by a member."
    );
    let answer = rig.beat(&fixed("a", -2)).unwrap();
    assert_eq!(answer.member_epoch, -2);
    assert_eq!(rig.kinds(), ["current a"]);
    assert_eq!(rig.group.describe(&rig.settings, &rig.image).members[0].member_epoch, -2);

    let answer = rig.beat(&fixed("a2", 0)).unwrap();
    assert_eq!((answer.member_epoch, answer.assignment), (3, Some(vec![rig.set("t", &[0, 1])])));
    let replaced = ["-current a", "-target a", "-member a", "member a2", "target a2", "current a2"];
    assert_eq!(rig.kinds(), [&replaced[..], &["current a2"]].concat());
    assert_eq!(rig.group.known.epoch, 3, "nobody else notices");
    assert_eq!(rig.beat(&beat("b", 3)).unwrap().assignment, None);
    assert_eq!(rig.beat(&fixed("a", 3)), Err(GroupError::FencedInstanceId));
    let stranger = ConsumerHeartbeat { instance_id: Some(text("j")), ..beat("a2", 3) };
    assert_eq!(rig.beat(&stranger), Err(GroupError::UnknownMemberId));
    rig.check_replay();
}

#[test]
fn a_static_member_that_does_not_come_back_is_missed_after_its_session() {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.beat(&fixed("a", 0)).unwrap();
    rig.beat(&fixed("a", -2)).unwrap();
    rig.run(44_999);
    assert_eq!(rig.group.known.members.len(), 1);
    rig.run(1);
    assert!(rig.group.is_empty());
    rig.check_replay();
}

#[test]
fn a_full_group_takes_those_it_knows_only() {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.settings.consumer_members_max = 1;
    rig.beat(&fixed("a", 0)).unwrap();
    assert_eq!(rig.beat(&joining("b", &["t"])), Err(GroupError::GroupMaxSizeReached));
    assert!(rig.beat(&fixed("a", 2)).is_ok());
    rig.beat(&fixed("a", -2)).unwrap();
    assert!(rig.beat(&fixed("a2", 0)).is_ok());
}
