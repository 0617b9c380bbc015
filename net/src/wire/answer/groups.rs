//! What comes back from DescribeGroups (15), ListGroups (16), DeleteGroups (42) and
//! ConsumerGroupDescribe (69).

use bytes::Bytes;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// The answer to DescribeGroups.
    pub struct DescribeGroupsAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, 1..;
        /// One entry per group of the request.
        groups: Seq<DescribedGroupAnswer> = Seq::empty(), ..;
    }
}

layout! {
    /// A classic group.
    pub struct DescribedGroupAnswer {
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// What is wrong, for people.
        error_message: Option<StrBytes> = None, 6..;
        /// The group.
        group_id: StrBytes = StrBytes::new(), ..;
        /// Its state, in words.
        group_state: StrBytes = StrBytes::new(), ..;
        /// `consumer`, `connect`, ...
        protocol_type: StrBytes = StrBytes::new(), ..;
        /// The protocol that all members share; empty unless stable.
        protocol_data: StrBytes = StrBytes::new(), ..;
        /// Its members.
        members: Seq<DescribedMemberAnswer> = Seq::empty(), ..;
        /// What the client may do with the group.
        authorized_operations: i32 = i32::MIN, 3..;
    }
}

layout! {
    /// A member of a classic group.
    pub struct DescribedMemberAnswer {
        /// Its id.
        member_id: StrBytes = StrBytes::new(), ..;
        /// `group.instance.id` of a static member.
        group_instance_id: Option<StrBytes> = None, 4..;
        /// `client.id`.
        client_id: StrBytes = StrBytes::new(), ..;
        /// Address it came from, as `/10.0.0.1`.
        client_host: StrBytes = StrBytes::new(), ..;
        /// What it said of itself; empty unless stable.
        member_metadata: Bytes = Bytes::new(), ..;
        /// What it owns; empty unless stable.
        member_assignment: Bytes = Bytes::new(), ..;
    }
}

layout! {
    /// The answer to ListGroups.
    pub struct ListGroupsAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, 1..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// The groups of this broker.
        groups: Seq<ListedGroupAnswer> = Seq::empty(), ..;
    }
}

layout! {
    /// A group.
    pub struct ListedGroupAnswer {
        /// Its id.
        group_id: StrBytes = StrBytes::new(), ..;
        /// `consumer`, `connect`, ...; empty for offsets without members.
        protocol_type: StrBytes = StrBytes::new(), ..;
        /// Its state, in words.
        group_state: StrBytes = StrBytes::new(), 4..;
        /// `classic` or `consumer`.
        group_type: StrBytes = StrBytes::new(), 5..;
    }
}

layout! {
    /// The answer to DeleteGroups.
    pub struct DeleteGroupsAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, ..;
        /// One entry per group of the request.
        results: Seq<DeletedGroupAnswer> = Seq::empty(), ..;
    }
}

layout! {
    /// The answer for one group.
    pub struct DeletedGroupAnswer {
        /// Its id.
        group_id: StrBytes = StrBytes::new(), ..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
    }
}

layout! {
    /// The answer to ConsumerGroupDescribe.
    pub struct ConsumerGroupDescribeAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, ..;
        /// One entry per group of the request.
        groups: Seq<DescribedConsumerGroupAnswer> = Seq::empty(), ..;
    }
}

layout! {
    /// A consumer group.
    pub struct DescribedConsumerGroupAnswer {
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// What is wrong, for people.
        error_message: Option<StrBytes> = None, ..;
        /// The group.
        group_id: StrBytes = StrBytes::new(), ..;
        /// Its state, in words.
        group_state: StrBytes = StrBytes::new(), ..;
        /// Its epoch.
        group_epoch: i32 = 0, ..;
        /// Epoch of the target assignment.
        assignment_epoch: i32 = 0, ..;
        /// The assignor in use.
        assignor_name: StrBytes = StrBytes::new(), ..;
        /// Its members.
        members: Seq<DescribedConsumerAnswer> = Seq::empty(), ..;
        /// What the client may do with the group.
        authorized_operations: i32 = i32::MIN, ..;
    }
}

layout! {
    /// A member of a consumer group.
    pub struct DescribedConsumerAnswer {
        /// Its id.
        member_id: StrBytes = StrBytes::new(), ..;
        /// `group.instance.id` of a static member.
        instance_id: Option<StrBytes> = None, ..;
        /// `client.rack`.
        rack_id: Option<StrBytes> = None, ..;
        /// Its epoch.
        member_epoch: i32 = 0, ..;
        /// `client.id`.
        client_id: StrBytes = StrBytes::new(), ..;
        /// Address it came from, as `/10.0.0.1`.
        client_host: StrBytes = StrBytes::new(), ..;
        /// Topics by name.
        subscribed_topic_names: Seq<StrBytes> = Seq::empty(), ..;
        /// Topics by pattern.
        subscribed_topic_regex: Option<StrBytes> = None, ..;
        /// What it has.
        assignment: ConsumerAssignment = ConsumerAssignment { topic_partitions: Seq::empty() }, ..;
        /// What it is to have.
        target_assignment: ConsumerAssignment =
            ConsumerAssignment { topic_partitions: Seq::empty() }, ..;
        /// 0 speaks the classic protocol, 1 the consumer protocol, -1 unknown.
        member_type: i8 = -1, 1..;
    }
}

layout! {
    /// What a member of a consumer group has or is to have.
    pub struct ConsumerAssignment {
        /// By topic.
        topic_partitions: Seq<AssignedTopic> = Seq::empty(), ..;
    }
}

layout! {
    /// Partitions of one topic.
    pub struct AssignedTopic {
        /// The topic's id.
        topic_id: Uuid = Uuid::nil(), ..;
        /// Its name.
        topic_name: StrBytes = StrBytes::new(), ..;
        /// The partitions.
        partitions: Seq<i32> = Seq::empty(), ..;
    }
}
