//! DescribeGroups (15), v0-v6, ListGroups (16), v0-v5, and DeleteGroups (42), v0-v2: groups as an
//! administrator sees them.

use kafka_protocol::protocol::StrBytes;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// A DescribeGroups request.
    pub struct DescribeGroupsRequest {
        /// The groups.
        groups: Seq<StrBytes> = Seq::empty(), ..;
        /// Whether to say what the client may do with each group.
        include_authorized_operations: bool = false, 3..;
    }
}

layout! {
    /// A ListGroups request.
    pub struct ListGroupsRequest {
        /// States of the groups wanted; none = all (KIP-518).
        states_filter: Seq<StrBytes> = Seq::empty(), 4..;
        /// Types of the groups wanted; none = all (KIP-848).
        types_filter: Seq<StrBytes> = Seq::empty(), 5..;
    }
}

layout! {
    /// A DeleteGroups request.
    pub struct DeleteGroupsRequest {
        /// The groups.
        groups_names: Seq<StrBytes> = Seq::empty(), ..;
    }
}
