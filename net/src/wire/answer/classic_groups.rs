//! What comes back from FindCoordinator (10), JoinGroup (11), Heartbeat (12), LeaveGroup (13) and
//! SyncGroup (14).

use bytes::Bytes;
use kafka_protocol::protocol::StrBytes;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// The answer to FindCoordinator.
    pub struct FindCoordinatorAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, 1..;
        /// Error code, 0 = none; before v4.
        error_code: i16 = 0, ..=3;
        /// What is wrong, for people; before v4.
        error_message: Option<StrBytes> = None, 1..=3;
        /// The coordinator's node id, before v4.
        node_id: i32 = -1, ..=3;
        /// Its host, before v4.
        host: StrBytes = StrBytes::new(), ..=3;
        /// Its port, before v4.
        port: i32 = -1, ..=3;
        /// One entry per key, from v4.
        coordinators: Seq<FoundCoordinator> = Seq::empty(), 4..;
    }
}

layout! {
    /// The coordinator of one key.
    pub struct FoundCoordinator {
        /// Group or transactional id.
        key: StrBytes = StrBytes::new(), ..;
        /// Its node id.
        node_id: i32 = -1, ..;
        /// Its host.
        host: StrBytes = StrBytes::new(), ..;
        /// Its port.
        port: i32 = -1, ..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// What is wrong, for people.
        error_message: Option<StrBytes> = None, ..;
    }
}

layout! {
    /// The answer to JoinGroup.
    pub struct JoinGroupAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, 2..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// Generation of the group, -1 on error.
        generation_id: i32 = -1, ..;
        /// Protocol type of the group.
        protocol_type: Option<StrBytes> = None, 7..;
        /// The protocol that all members share; `None` only from v7.
        protocol_name: Option<StrBytes> = None, ..;
        /// Member id of the leader.
        leader: StrBytes = StrBytes::new(), ..;
        /// The leader shall not assign (KIP-814).
        skip_assignment: bool = false, 9..;
        /// The member's id; with MEMBER_ID_REQUIRED the one to come back with.
        member_id: StrBytes = StrBytes::new(), ..;
        /// To the leader: everybody.
        members: Seq<JoinedMember> = Seq::empty(), ..;
    }
}

layout! {
    /// A member as the leader hears of it.
    pub struct JoinedMember {
        /// Its id.
        member_id: StrBytes = StrBytes::new(), ..;
        /// `group.instance.id` of a static member.
        group_instance_id: Option<StrBytes> = None, 5..;
        /// What it said of itself.
        metadata: Bytes = Bytes::new(), ..;
    }
}

layout! {
    /// The answer to SyncGroup.
    pub struct SyncGroupAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, 1..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// Protocol type of the group.
        protocol_type: Option<StrBytes> = None, 5..;
        /// The protocol that all members share.
        protocol_name: Option<StrBytes> = None, 5..;
        /// What the member shall own.
        assignment: Bytes = Bytes::new(), ..;
    }
}

layout! {
    /// The answer to Heartbeat.
    pub struct HeartbeatAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, 1..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
    }
}

layout! {
    /// The answer to LeaveGroup.
    pub struct LeaveGroupAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, 1..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// One entry per member of the request.
        members: Seq<LeftMember> = Seq::empty(), 3..;
    }
}

layout! {
    /// The answer for one member.
    pub struct LeftMember {
        /// As in the request.
        member_id: StrBytes = StrBytes::new(), ..;
        /// As in the request.
        group_instance_id: Option<StrBytes> = None, ..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
    }
}
