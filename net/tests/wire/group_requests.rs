//! Our tables of requests about groups against the kafka-protocol crate, in every version.

use crate::requests::each;
use crate::samples::{id, text};
use bytes::BytesMut;
use corelog_net::wire::Request;
use corelog_net::wire::request::classic_groups::{
    HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest,
};
use corelog_net::wire::request::consumer_groups::{
    ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest,
};
use corelog_net::wire::request::group_offsets::{
    OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
};
use corelog_net::wire::request::groups::{
    DeleteGroupsRequest, DescribeGroupsRequest, ListGroupsRequest,
};

#[test]
fn joins_are_read_in_every_version() {
    each(|version, request: JoinGroupRequest| {
        assert_eq!((request.group_id, request.member_id), (text("group"), text("member")));
        assert_eq!(request.session_timeout_ms, 10_000);
        assert_eq!(request.rebalance_timeout_ms, if version >= 1 { 60_000 } else { -1 });
        assert_eq!(request.group_instance_id, (version >= 5).then(|| text("static")));
        assert_eq!(request.reason, (version >= 8).then(|| text("why not")));
        assert_eq!(request.protocol_type, text("consumer"));
        let protocols: Vec<_> = request.protocols.iter().collect();
        assert_eq!(
            (&protocols[0].name, &protocols[0].metadata[..]),
            (&text("range"), b"first" as _)
        );
        assert_eq!(
            (&protocols[1].name, &protocols[1].metadata[..]),
            (&text("roundrobin"), b"" as _)
        );
    });
}

#[test]
fn syncs_heartbeats_and_leaves_are_read_in_every_version() {
    each(|version, request: SyncGroupRequest| {
        assert_eq!((request.group_id, request.member_id), (text("group"), text("member")));
        assert_eq!(request.generation_id, 4);
        assert_eq!(request.group_instance_id, (version >= 3).then(|| text("static")));
        assert_eq!(request.protocol_type, (version >= 5).then(|| text("consumer")));
        assert_eq!(request.protocol_name, (version >= 5).then(|| text("range")));
        let assignments: Vec<_> = request.assignments.iter().collect();
        assert_eq!(assignments[0].member_id, text("member"));
        assert_eq!(&assignments[0].assignment[..], b"all of it");
    });
    each(|version, request: HeartbeatRequest| {
        assert_eq!((request.group_id, request.member_id), (text("group"), text("member")));
        assert_eq!(request.generation_id, 4);
        assert_eq!(request.group_instance_id, (version >= 3).then(|| text("static")));
    });
    each(|version, request: LeaveGroupRequest| {
        assert_eq!(request.group_id, text("group"));
        if version < 3 {
            assert_eq!((request.member_id, request.members.len()), (text("member"), 0));
            return;
        }
        let members: Vec<_> = request.members.iter().collect();
        assert_eq!((&members[0].member_id, &members[1].member_id), (&text("member"), &text("")));
        assert_eq!(members[1].group_instance_id, Some(text("static")));
        assert_eq!(members[1].reason, (version >= 5).then(|| text("done")));
    });
}

#[test]
fn questions_about_groups_are_read_in_every_version() {
    each(|version, request: DescribeGroupsRequest| {
        assert_eq!(request.groups.iter().collect::<Vec<_>>(), [text("one"), text("two")]);
        assert_eq!(request.include_authorized_operations, version >= 3);
    });
    each(|version, request: ListGroupsRequest| {
        let states: Vec<_> = request.states_filter.iter().collect();
        let types: Vec<_> = request.types_filter.iter().collect();
        assert_eq!(states.len(), if version >= 4 { 2 } else { 0 });
        assert_eq!(types, if version >= 5 { vec![text("classic")] } else { vec![] });
    });
    each(|_, request: DeleteGroupsRequest| {
        assert_eq!(request.groups_names.iter().collect::<Vec<_>>(), [text("one"), text("two")]);
    });
    each(|_, request: ConsumerGroupDescribeRequest| {
        assert_eq!(request.group_ids.iter().collect::<Vec<_>>(), [text("one"), text("two")]);
        assert!(request.include_authorized_operations);
    });
}

#[test]
fn heartbeats_of_the_consumer_protocol_are_read_in_every_version() {
    each(|version, request: ConsumerGroupHeartbeatRequest| {
        assert_eq!((request.group_id, request.member_id), (text("group"), text("member")));
        assert_eq!((request.member_epoch, request.rebalance_timeout_ms), (7, 5000));
        assert_eq!(
            (request.instance_id, request.rack_id),
            (Some(text("static")), Some(text("rack")))
        );
        let names: Vec<_> = request.subscribed_topic_names.unwrap().iter().collect();
        assert_eq!(names, [text("first")]);
        assert_eq!(request.subscribed_topic_regex, (version >= 1).then(|| text("f.*")));
        assert_eq!(request.server_assignor, Some(text("uniform")));
        let owned: Vec<_> = request.topic_partitions.unwrap().iter().collect();
        assert_eq!((owned.len(), owned[0].topic_id), (1, id(3)));
        assert_eq!(owned[0].partitions.iter().collect::<Vec<_>>(), [0, 2]);
    });
}

#[test]
fn commits_are_read_in_every_version_up_to_ten() {
    each(|version, request: OffsetCommitRequest| {
        assert_eq!((request.group_id, request.member_id), (text("group"), text("member")));
        assert_eq!(request.generation_id_or_member_epoch, 4);
        assert_eq!(request.group_instance_id, (version >= 7).then(|| text("static")));
        assert_eq!(request.retention_time_ms, if version <= 4 { 1000 } else { -1 });
        let topics: Vec<_> = request.topics.iter().collect();
        assert_eq!(topics.len(), 1);
        assert_eq!(topics[0].name, text(if version >= 10 { "" } else { "first" }));
        assert_eq!(topics[0].topic_id, id(if version >= 10 { 1 } else { 0 }));
        let partitions: Vec<_> = topics[0].partitions.iter().collect();
        assert_eq!(partitions.len(), 2);
        for partition in &partitions {
            assert_eq!((partition.partition_index, partition.committed_offset), (3, 1 << 33));
            assert_eq!(partition.committed_leader_epoch, if version >= 6 { 8 } else { -1 });
        }
        assert_eq!(partitions[0].committed_metadata, Some(text("note")));
        assert_eq!(partitions[1].committed_metadata, None);
    });
}

#[test]
fn fetches_of_offsets_are_read_in_every_version_up_to_ten() {
    each(|version, request: OffsetFetchRequest| {
        assert_eq!(request.require_stable, version >= 7);
        let topics = if version < 8 {
            assert_eq!((request.group_id, request.groups.len()), (text("group"), 0));
            request.topics.unwrap()
        } else {
            let groups: Vec<_> = request.groups.iter().collect();
            assert_eq!((groups.len(), &groups[0].group_id), (2, &text("group")));
            assert_eq!(groups[0].member_id, (version >= 9).then(|| text("member")));
            assert_eq!(groups[0].member_epoch, if version >= 9 { 6 } else { -1 });
            assert!(groups[1].topics.is_none());
            groups[0].topics.clone().unwrap()
        };
        let topics: Vec<_> = topics.iter().collect();
        assert_eq!(topics[0].name, text(if version >= 10 { "" } else { "first" }));
        assert_eq!(topics[0].topic_id, id(if version >= 10 { 1 } else { 0 }));
        assert_eq!(topics[0].partition_indexes.iter().collect::<Vec<_>>(), [0, 3]);
    });
}

#[test]
fn a_fetch_of_offsets_tells_all_topics_from_none() {
    let of = |topics: i32| [&[0, 1, b'g'][..], &topics.to_be_bytes()].concat();
    let all = OffsetFetchRequest::decode(2, BytesMut::from(&of(-1)[..])).unwrap();
    assert!(all.topics.is_none());
    let none = OffsetFetchRequest::decode(2, BytesMut::from(&of(0)[..])).unwrap();
    assert!(none.topics.unwrap().is_empty());
}

#[test]
fn offsets_to_forget_are_read() {
    each(|_, request: OffsetDeleteRequest| {
        assert_eq!(request.group_id, text("group"));
        let topics: Vec<_> = request.topics.iter().collect();
        assert_eq!((topics.len(), &topics[0].name), (1, &text("first")));
        let partitions: Vec<_> = topics[0].partitions.iter().map(|p| p.partition_index).collect();
        assert_eq!(partitions, [0, 5]);
    });
}
