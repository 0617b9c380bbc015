//! Requests about groups. OffsetCommit and OffsetFetch are written by hand in their last version,
//! which the kafka-protocol crate does not write.

use bytes::{BufMut, Bytes, BytesMut};
use corelog_net::wire::messages::*;

use super::{encoded, id, text};

pub fn join(version: i16) -> JoinGroupRequest {
    use join_group_request::JoinGroupRequestProtocol;
    let protocol = |name: &str, metadata: &'static [u8]| {
        JoinGroupRequestProtocol::default()
            .with_name(text(name))
            .with_metadata(Bytes::from_static(metadata))
    };
    let mut request = JoinGroupRequest::default()
        .with_group_id(text("group").into())
        .with_session_timeout_ms(10_000)
        .with_member_id(text("member"))
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol("range", b"first"), protocol("roundrobin", b"")]);
    if version >= 1 {
        request.rebalance_timeout_ms = 60_000;
    }
    if version >= 5 {
        request.group_instance_id = Some(text("static"));
    }
    if version >= 8 {
        request.reason = Some(text("why not"));
    }
    request
}

pub fn heartbeat(version: i16) -> HeartbeatRequest {
    HeartbeatRequest::default()
        .with_group_id(text("group").into())
        .with_generation_id(4)
        .with_member_id(text("member"))
        .with_group_instance_id((version >= 3).then(|| text("static")))
}

pub fn leave(version: i16) -> LeaveGroupRequest {
    use leave_group_request::MemberIdentity;
    let request = LeaveGroupRequest::default().with_group_id(text("group").into());
    if version < 3 {
        return request.with_member_id(text("member"));
    }
    let member = |name: &str| {
        MemberIdentity::default()
            .with_member_id(text(name))
            .with_group_instance_id(Some(text("static")))
            .with_reason((version >= 5).then(|| text("done")))
    };
    request.with_members(vec![member("member"), member("")])
}

pub fn sync(version: i16) -> SyncGroupRequest {
    use sync_group_request::SyncGroupRequestAssignment;
    let assignment = SyncGroupRequestAssignment::default()
        .with_member_id(text("member"))
        .with_assignment(Bytes::from_static(b"all of it"));
    SyncGroupRequest::default()
        .with_group_id(text("group").into())
        .with_generation_id(4)
        .with_member_id(text("member"))
        .with_group_instance_id((version >= 3).then(|| text("static")))
        .with_protocol_type((version >= 5).then(|| text("consumer")))
        .with_protocol_name((version >= 5).then(|| text("range")))
        .with_assignments(vec![assignment])
}

pub fn describe(version: i16) -> DescribeGroupsRequest {
    DescribeGroupsRequest::default()
        .with_groups(vec![text("one").into(), text("two").into()])
        .with_include_authorized_operations(version >= 3)
}

pub fn list(version: i16) -> ListGroupsRequest {
    let mut request = ListGroupsRequest::default();
    if version >= 4 {
        request.states_filter = vec![text("Stable"), text("Empty")];
    }
    if version >= 5 {
        request.types_filter = vec![text("classic")];
    }
    request
}

pub fn delete() -> DeleteGroupsRequest {
    DeleteGroupsRequest::default().with_groups_names(vec![text("one").into(), text("two").into()])
}

pub fn beat(version: i16) -> ConsumerGroupHeartbeatRequest {
    use consumer_group_heartbeat_request::TopicPartitions;
    let owned = TopicPartitions::default().with_topic_id(id(3)).with_partitions(vec![0, 2]);
    ConsumerGroupHeartbeatRequest::default()
        .with_group_id(text("group").into())
        .with_member_id(text("member"))
        .with_member_epoch(7)
        .with_instance_id(Some(text("static")))
        .with_rack_id(Some(text("rack")))
        .with_rebalance_timeout_ms(5000)
        .with_subscribed_topic_names(Some(vec![text("first").into()]))
        .with_subscribed_topic_regex((version >= 1).then(|| text("f.*")))
        .with_server_assignor(Some(text("uniform")))
        .with_topic_partitions(Some(vec![owned]))
}

pub fn describe_consumer() -> ConsumerGroupDescribeRequest {
    ConsumerGroupDescribeRequest::default()
        .with_group_ids(vec![text("one").into(), text("two").into()])
        .with_include_authorized_operations(true)
}

pub fn offset_delete() -> OffsetDeleteRequest {
    use offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
    let partition = |index| OffsetDeleteRequestPartition::default().with_partition_index(index);
    OffsetDeleteRequest::default().with_group_id(text("group").into()).with_topics(vec![
        OffsetDeleteRequestTopic::default()
            .with_name(text("first").into())
            .with_partitions(vec![partition(0), partition(5)]),
    ])
}

pub fn offset_commit(version: i16) -> BytesMut {
    use offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
    if version >= 10 {
        return offset_commit_by_id();
    }
    let partition = OffsetCommitRequestPartition::default()
        .with_partition_index(3)
        .with_committed_offset(1 << 33)
        .with_committed_leader_epoch(if version >= 6 { 8 } else { -1 })
        .with_committed_metadata(Some(text("note")));
    let request = OffsetCommitRequest::default()
        .with_group_id(text("group").into())
        .with_generation_id_or_member_epoch(4)
        .with_member_id(text("member"))
        .with_group_instance_id((version >= 7).then(|| text("static")))
        .with_retention_time_ms(if version <= 4 { 1000 } else { -1 })
        .with_topics(vec![
            OffsetCommitRequestTopic::default()
                .with_name(text("first").into())
                .with_partitions(vec![partition.clone(), partition.with_committed_metadata(None)]),
        ]);
    encoded(&request, version)
}

fn offset_commit_by_id() -> BytesMut {
    let mut to = BytesMut::new();
    compact(&mut to, "group");
    to.put_i32(4);
    compact(&mut to, "member");
    compact(&mut to, "static");
    to.put_u8(2);
    to.put_u128(1);
    to.put_u8(3);
    for note in [Some("note"), None] {
        to.put_i32(3);
        to.put_i64(1 << 33);
        to.put_i32(8);
        match note {
            Some(note) => compact(&mut to, note),
            None => to.put_u8(0),
        }
        to.put_u8(0);
    }
    to.put_bytes(0, 2);
    to
}

pub fn offset_fetch(version: i16) -> BytesMut {
    use offset_fetch_request::{
        OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
    };
    if version >= 10 {
        return offset_fetch_by_id();
    }
    let request = OffsetFetchRequest::default().with_require_stable(version >= 7);
    if version < 8 {
        let topic = OffsetFetchRequestTopic::default()
            .with_name(text("first").into())
            .with_partition_indexes(vec![0, 3]);
        let request = request.with_group_id(text("group").into()).with_topics(Some(vec![topic]));
        return encoded(&request, version);
    }
    let topic = OffsetFetchRequestTopics::default()
        .with_name(text("first").into())
        .with_partition_indexes(vec![0, 3]);
    let group = |name: &str, topics| {
        OffsetFetchRequestGroup::default()
            .with_group_id(text(name).into())
            .with_member_id((version >= 9).then(|| text("member")))
            .with_member_epoch(if version >= 9 { 6 } else { -1 })
            .with_topics(topics)
    };
    let request = request.with_groups(vec![group("group", Some(vec![topic])), group("all", None)]);
    encoded(&request, version)
}

fn offset_fetch_by_id() -> BytesMut {
    let mut to = BytesMut::new();
    to.put_u8(3);
    for name in ["group", "all"] {
        compact(&mut to, name);
        compact(&mut to, "member");
        to.put_i32(6);
        match name {
            "group" => {
                to.put_u8(2);
                to.put_u128(1);
                to.put_u8(3);
                to.put_i32(0);
                to.put_i32(3);
                to.put_u8(0);
            }
            _ => to.put_u8(0),
        }
        to.put_u8(0);
    }
    to.put_u8(1);
    to.put_u8(0);
    to
}

/// A short string in its compact form.
fn compact(to: &mut BytesMut, text: &str) {
    to.put_u8(text.len() as u8 + 1);
    to.put_slice(text.as_bytes());
}
