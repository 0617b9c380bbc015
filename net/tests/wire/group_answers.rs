//! The client's tables of answers about groups against the kafka-protocol crate, in every version.

use crate::answers::each;
use crate::samples::{id, text};
use bytes::Bytes;
use corelog_net::wire::answer::classic_groups::{
    FindCoordinatorAnswer, HeartbeatAnswer, JoinGroupAnswer, LeaveGroupAnswer, SyncGroupAnswer,
};
use corelog_net::wire::answer::group_offsets::{
    FetchedOffsets, OffsetCommitAnswer, OffsetDeleteAnswer, OffsetFetchAnswer,
};
use corelog_net::wire::answer::groups::{
    ConsumerGroupDescribeAnswer, DeleteGroupsAnswer, DescribeGroupsAnswer, ListGroupsAnswer,
};
use corelog_net::wire::messages::*;

#[test]
fn coordinators_are_read() {
    use find_coordinator_response::Coordinator;
    let of = |version| {
        if version < 4 {
            return FindCoordinatorResponse::default()
                .with_node_id(4.into())
                .with_host(text("host"))
                .with_port(9092);
        }
        let found = Coordinator::default()
            .with_key(text("group"))
            .with_node_id(4.into())
            .with_host(text("host"))
            .with_port(9092);
        FindCoordinatorResponse::default().with_coordinators(vec![found])
    };
    each(of, |version, answer: FindCoordinatorAnswer| {
        let found = answer.coordinators.iter().next();
        let place = match &found {
            Some(found) => (found.node_id, found.host.clone(), found.port),
            None => (answer.node_id, answer.host, answer.port),
        };
        assert_eq!(place, (4, text("host"), 9092));
        assert_eq!(found.map(|found| found.key), (version >= 4).then(|| text("group")));
    });
}

#[test]
fn answers_to_members_are_read() {
    let joined = |version| {
        let member = join_group_response::JoinGroupResponseMember::default()
            .with_member_id(text("m-1"))
            .with_group_instance_id((version >= 5).then(|| text("static")))
            .with_metadata(Bytes::from_static(b"meta"));
        JoinGroupResponse::default()
            .with_error_code(79)
            .with_generation_id(3)
            .with_protocol_type((version >= 7).then(|| text("consumer")))
            .with_protocol_name(Some(text("range")))
            .with_leader(text("m-1"))
            .with_skip_assignment(version >= 9)
            .with_member_id(text("m-2"))
            .with_members(vec![member])
    };
    each(joined, |version, answer: JoinGroupAnswer| {
        assert_eq!((answer.error_code, answer.generation_id), (79, 3));
        assert_eq!(answer.protocol_type, (version >= 7).then(|| text("consumer")));
        assert_eq!((answer.protocol_name, answer.leader), (Some(text("range")), text("m-1")));
        assert_eq!((answer.skip_assignment, answer.member_id), (version >= 9, text("m-2")));
        let member = answer.members.iter().next().unwrap();
        assert_eq!((member.member_id, &member.metadata[..]), (text("m-1"), b"meta" as _));
    });
    let synced =
        |_| SyncGroupResponse::default().with_assignment(Bytes::from_static(b"assignment"));
    each(synced, |_, answer: SyncGroupAnswer| {
        assert_eq!((answer.error_code, &answer.assignment[..]), (0, b"assignment" as _));
    });
    let beaten = |_| HeartbeatResponse::default().with_error_code(27);
    each(beaten, |_, answer: HeartbeatAnswer| assert_eq!(answer.error_code, 27));
    let left = |version| {
        let member = leave_group_response::MemberResponse::default().with_error_code(25);
        let members = if version >= 3 { vec![member.with_member_id(text("m-1"))] } else { vec![] };
        LeaveGroupResponse::default().with_members(members)
    };
    each(left, |version, answer: LeaveGroupAnswer| {
        let codes: Vec<_> = answer.members.iter().map(|member| member.error_code).collect();
        assert_eq!(codes, if version >= 3 { vec![25] } else { vec![] });
    });
}

#[test]
fn answers_about_groups_are_read() {
    let listed = |version| {
        let mut group = list_groups_response::ListedGroup::default()
            .with_group_id(text("g").into())
            .with_protocol_type(text("consumer"));
        if version >= 4 {
            group.group_state = text("Stable");
        }
        ListGroupsResponse::default().with_groups(vec![group])
    };
    each(listed, |version, answer: ListGroupsAnswer| {
        let group = answer.groups.iter().next().unwrap();
        assert_eq!((group.group_id, group.protocol_type), (text("g"), text("consumer")));
        assert_eq!(group.group_state, text(if version >= 4 { "Stable" } else { "" }));
    });
    let described = |version| {
        use describe_groups_response::{DescribedGroup, DescribedGroupMember};
        let member = DescribedGroupMember::default()
            .with_member_id(text("m-1"))
            .with_client_host(text("/10.0.0.1"))
            .with_member_assignment(Bytes::from_static(b"mine"));
        let group = DescribedGroup::default()
            .with_error_message((version >= 6).then(|| text("gone")))
            .with_group_id(text("g").into())
            .with_protocol_data(text("range"))
            .with_members(vec![member]);
        DescribeGroupsResponse::default().with_groups(vec![group])
    };
    each(described, |version, answer: DescribeGroupsAnswer| {
        let group = answer.groups.iter().next().unwrap();
        assert_eq!((group.group_id, group.protocol_data), (text("g"), text("range")));
        assert_eq!(group.error_message, (version >= 6).then(|| text("gone")));
        let member = group.members.iter().next().unwrap();
        assert_eq!((member.member_id, member.client_host), (text("m-1"), text("/10.0.0.1")));
        assert_eq!(&member.member_assignment[..], b"mine");
    });
    let deleted = |_| {
        let result = delete_groups_response::DeletableGroupResult::default();
        let result = result.with_group_id(text("g").into()).with_error_code(68);
        DeleteGroupsResponse::default().with_results(vec![result])
    };
    each(deleted, |_, answer: DeleteGroupsAnswer| {
        let result = answer.results.iter().next().unwrap();
        assert_eq!((result.group_id, result.error_code), (text("g"), 68));
    });
}

#[test]
fn descriptions_of_consumer_groups_are_read() {
    use consumer_group_describe_response::{Assignment, DescribedGroup, Member, TopicPartitions};
    let of = |version| {
        let assigned = TopicPartitions::default()
            .with_topic_id(id(9))
            .with_topic_name(text("t").into())
            .with_partitions(vec![1, 2]);
        let mut member = Member::default()
            .with_member_id(text("m-1"))
            .with_subscribed_topic_names(vec![text("t").into()])
            .with_assignment(Assignment::default().with_topic_partitions(vec![assigned]));
        if version >= 1 {
            member.member_type = 1;
        }
        let group = DescribedGroup::default()
            .with_group_id(text("g").into())
            .with_assignor_name(text("uniform"))
            .with_members(vec![member]);
        ConsumerGroupDescribeResponse::default().with_groups(vec![group])
    };
    each(of, |version, answer: ConsumerGroupDescribeAnswer| {
        let group = answer.groups.iter().next().unwrap();
        assert_eq!((group.group_id, group.assignor_name), (text("g"), text("uniform")));
        let member = group.members.iter().next().unwrap();
        assert_eq!(member.member_type, if version >= 1 { 1 } else { -1 });
        let topic = member.assignment.topic_partitions.iter().next().unwrap();
        assert_eq!((topic.topic_id, topic.topic_name), (id(9), text("t")));
        assert_eq!(topic.partitions.iter().collect::<Vec<_>>(), [1, 2]);
        assert!(member.target_assignment.topic_partitions.is_empty());
    });
}

#[test]
fn answers_about_committed_offsets_are_read() {
    let committed = |version| {
        use offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
        let partition = OffsetCommitResponsePartition::default().with_partition_index(2);
        let topic = OffsetCommitResponseTopic::default()
            .with_partitions(vec![partition.with_error_code(22)]);
        let topic = match version {
            10.. => topic.with_topic_id(id(1)),
            _ => topic.with_name(text("t").into()),
        };
        OffsetCommitResponse::default().with_topics(vec![topic])
    };
    each(committed, |version, answer: OffsetCommitAnswer| {
        let topic = answer.topics.iter().next().unwrap();
        assert_eq!(topic.name, text(if version >= 10 { "" } else { "t" }));
        assert_eq!(topic.topic_id, id(if version >= 10 { 1 } else { 0 }));
        let partition = topic.partitions.iter().next().unwrap();
        assert_eq!((partition.partition_index, partition.error_code), (2, 22));
    });
    let deleted = |_| OffsetDeleteResponse::default().with_error_code(69);
    each(deleted, |_, answer: OffsetDeleteAnswer| {
        assert_eq!((answer.error_code, answer.topics.len()), (69, 0));
    });
}

#[test]
fn fetched_offsets_are_read() {
    use offset_fetch_response::*;
    let of = |version| {
        if version < 8 {
            let partition = OffsetFetchResponsePartition::default()
                .with_partition_index(1)
                .with_committed_offset(77)
                .with_metadata(Some(text("note")));
            let topic = OffsetFetchResponseTopic::default()
                .with_name(text("t").into())
                .with_partitions(vec![partition]);
            return OffsetFetchResponse::default().with_topics(vec![topic]);
        }
        let partition = OffsetFetchResponsePartitions::default()
            .with_partition_index(1)
            .with_committed_offset(77)
            .with_metadata(Some(text("note")));
        let topic = OffsetFetchResponseTopics::default().with_partitions(vec![partition]);
        let topic = match version {
            10.. => topic.with_topic_id(id(1)),
            _ => topic.with_name(text("t").into()),
        };
        let group = OffsetFetchResponseGroup::default()
            .with_group_id(text("g").into())
            .with_topics(vec![topic]);
        OffsetFetchResponse::default().with_groups(vec![group])
    };
    let check = |version: i16, topic: FetchedOffsets| {
        assert_eq!(topic.name, text(if version >= 10 { "" } else { "t" }));
        assert_eq!(topic.topic_id, id(if version >= 10 { 1 } else { 0 }));
        let partition = topic.partitions.iter().next().unwrap();
        assert_eq!((partition.partition_index, partition.committed_offset), (1, 77));
        assert_eq!(partition.metadata, Some(text("note")));
    };
    each(of, |version, answer: OffsetFetchAnswer| match version {
        ..8 => check(version, answer.topics.iter().next().unwrap()),
        _ => check(version, answer.groups.iter().next().unwrap().topics.iter().next().unwrap()),
    });
}
