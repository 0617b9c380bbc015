//! Who may commit and fetch offsets.

use super::rig::{Rig, beat, text};
use crate::group::GroupError;
use crate::group::request::{Commit, CommitPartition, ConsumerHeartbeat, FetchOffsets};

fn commit(member: &str, generation: i32) -> Commit {
    Commit {
        member_id: text(member),
        instance_id: None,
        generation,
        knows_epochs: true,
        retention_ms: None,
        offsets: Vec::new(),
    }
}

fn partition(rig: &Rig, partition: i32) -> CommitPartition {
    CommitPartition {
        index: 0,
        topic: text("t"),
        topic_id: rig.id("t"),
        partition,
        offset: 1,
        leader_epoch: -1,
        metadata: text(""),
    }
}

#[test]
fn an_empty_group_takes_commits_from_outside_only() {
    let rig = Rig::new(&[("t", 4)]);
    assert_eq!(rig.group.may_commit(&commit("", -1)), Ok(()));
    assert_eq!(
        rig.group.may_commit_partition(&rig.image, &commit("", -1), &partition(&rig, 0)),
        Ok(())
    );
    assert_eq!(rig.group.may_commit(&commit("a", 1)), Err(GroupError::UnknownMemberId));
}

#[test]
fn a_member_may_commit_what_it_has_had_ever_since_the_epoch_it_names() {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.join("a", &["t"]);
    assert_eq!(rig.group.may_commit(&commit("", -1)), Err(GroupError::UnknownMemberId));
    assert_eq!(rig.group.may_commit(&commit("a", 2)), Ok(()));
    assert_eq!(rig.group.may_commit(&commit("a", 3)), Err(GroupError::StaleMemberEpoch));
    let old = commit("a", 2);
    let unknowing = Commit { knows_epochs: false, ..old.clone() };
    assert!(matches!(rig.group.may_commit(&unknowing), Err(GroupError::UnsupportedVersion(_))));

    rig.pass(1000);
    rig.join("b", &["t"]);
    rig.beat(&beat("a", 2)).unwrap();
    let kept = ConsumerHeartbeat { owned: Some(vec![rig.set("t", &[0, 1])]), ..beat("a", 2) };
    assert_eq!(rig.beat(&kept).unwrap().member_epoch, 3);
    rig.beat(&beat("b", 3)).unwrap();
    let may = |member: &str, epoch: i32, of: i32| {
        let commit = commit(member, epoch);
        assert_eq!(rig.group.may_commit(&commit), Ok(()));
        let named = CommitPartition { topic_id: uuid::Uuid::nil(), ..partition(&rig, of) };
        let by_name = rig.group.may_commit_partition(&rig.image, &commit, &named);
        let by_id = rig.group.may_commit_partition(&rig.image, &commit, &partition(&rig, of));
        assert_eq!(by_name, by_id);
        by_id
    };
    // a did not hear of epoch 3 yet; 2 and 3 are b's by now.
    assert_eq!(may("a", 2, 0), Ok(()));
    assert_eq!(may("a", 2, 2), Err(GroupError::StaleMemberEpoch));
    assert_eq!(may("a", 3, 2), Ok(()), "in the present epoch nobody asks");
    assert_eq!(may("b", 2, 2), Err(GroupError::StaleMemberEpoch));
}

#[test]
fn offsets_are_fetched_in_the_present_epoch() {
    let mut rig = Rig::new(&[("t", 4)]);
    rig.join("a", &["t"]);
    let fetch = |member: Option<&str>, member_epoch| FetchOffsets {
        member_id: member.map(text),
        member_epoch,
        require_stable: false,
        partitions: None,
    };
    assert_eq!(rig.group.may_fetch(&fetch(None, -1)), Ok(()));
    assert_eq!(rig.group.may_fetch(&fetch(Some("a"), 2)), Ok(()));
    assert_eq!(rig.group.may_fetch(&fetch(Some("a"), 1)), Err(GroupError::StaleMemberEpoch));
    assert_eq!(rig.group.may_fetch(&fetch(Some("b"), 2)), Err(GroupError::UnknownMemberId));
}
