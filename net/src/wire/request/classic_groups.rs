//! JoinGroup (11), v0-v9, Heartbeat (12), v0-v4, LeaveGroup (13), v0-v5, and SyncGroup (14),
//! v0-v5: membership in classic groups.

use bytes::Bytes;
use kafka_protocol::protocol::StrBytes;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// A JoinGroup request. Metadata is opaque: what it means depends on the protocol type.
    pub struct JoinGroupRequest {
        /// The group.
        group_id: StrBytes = StrBytes::new(), ..;
        /// How long the member may be silent, in milliseconds.
        session_timeout_ms: i32 = 0, ..;
        /// How long it may take to rejoin, in milliseconds; v0 means the session timeout.
        rebalance_timeout_ms: i32 = -1, 1..;
        /// Who; empty for a member that is new.
        member_id: StrBytes = StrBytes::new(), ..;
        /// `group.instance.id` of a static member (KIP-345).
        group_instance_id: Option<StrBytes> = None, 5..;
        /// `consumer`, `connect`, ...
        protocol_type: StrBytes = StrBytes::new(), ..;
        /// Protocols the member can do, best first.
        protocols: Seq<JoinProtocol> = Seq::empty(), ..;
        /// Why it joins, for people (KIP-800).
        reason: Option<StrBytes> = None, 8..;
    }
}

layout! {
    /// A protocol that a member can do.
    pub struct JoinProtocol {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..;
        /// What the leader shall hear of the member.
        metadata: Bytes = Bytes::new(), ..;
    }
}

layout! {
    /// A Heartbeat request.
    pub struct HeartbeatRequest {
        /// The group.
        group_id: StrBytes = StrBytes::new(), ..;
        /// The generation the member is in.
        generation_id: i32 = -1, ..;
        /// Who.
        member_id: StrBytes = StrBytes::new(), ..;
        /// `group.instance.id` of a static member.
        group_instance_id: Option<StrBytes> = None, 3..;
    }
}

layout! {
    /// A LeaveGroup request.
    pub struct LeaveGroupRequest {
        /// The group.
        group_id: StrBytes = StrBytes::new(), ..;
        /// Who leaves, before v3.
        member_id: StrBytes = StrBytes::new(), ..=2;
        /// Who leaves, from v3.
        members: Seq<LeavingMember> = Seq::empty(), 3..;
    }
}

layout! {
    /// A member that leaves.
    pub struct LeavingMember {
        /// Its id; empty when only the instance is named.
        member_id: StrBytes = StrBytes::new(), ..;
        /// `group.instance.id` of a static member.
        group_instance_id: Option<StrBytes> = None, ..;
        /// Why, for people (KIP-800).
        reason: Option<StrBytes> = None, 5..;
    }
}

layout! {
    /// A SyncGroup request.
    pub struct SyncGroupRequest {
        /// The group.
        group_id: StrBytes = StrBytes::new(), ..;
        /// The generation the member joined.
        generation_id: i32 = -1, ..;
        /// Who.
        member_id: StrBytes = StrBytes::new(), ..;
        /// `group.instance.id` of a static member.
        group_instance_id: Option<StrBytes> = None, 3..;
        /// Protocol type the member believes in; must be there from v5 (KIP-559).
        protocol_type: Option<StrBytes> = None, 5..;
        /// Protocol the member believes in; must be there from v5.
        protocol_name: Option<StrBytes> = None, 5..;
        /// From the leader: who gets what.
        assignments: Seq<SyncAssignment> = Seq::empty(), ..;
    }
}

layout! {
    /// What one member gets.
    pub struct SyncAssignment {
        /// The member.
        member_id: StrBytes = StrBytes::new(), ..;
        /// What the member shall own.
        assignment: Bytes = Bytes::new(), ..;
    }
}
