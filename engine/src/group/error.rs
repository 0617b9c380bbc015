//! Why a group says no. The text is for people; which code belongs to which variant is the business
//! of whoever speaks the protocol.

use std::sync::Arc;

use thiserror::Error;

/// Why a group says no; named as in Kafka.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GroupError {
    /// COORDINATOR_LOAD_IN_PROGRESS (14).
    #[error("The coordinator is loading and hence can't process requests.")]
    CoordinatorLoadInProgress,
    /// COORDINATOR_NOT_AVAILABLE (15).
    #[error("The coordinator is not available.")]
    CoordinatorNotAvailable,
    /// NOT_COORDINATOR (16).
    #[error("This is not the correct coordinator.")]
    NotCoordinator,
    /// UNSUPPORTED_VERSION (35).
    #[error("{0}")]
    UnsupportedVersion(Arc<str>),
    /// OFFSET_METADATA_TOO_LARGE (12).
    #[error("The committing offset data size is not valid.")]
    OffsetMetadataTooLarge,
    /// ILLEGAL_GENERATION (22).
    #[error("Specified group generation id is not valid.")]
    IllegalGeneration,
    /// INCONSISTENT_GROUP_PROTOCOL (23).
    #[error(
        "The group member's supported protocols are incompatible with those of existing \
         members or first group member tried to join with empty protocol type or empty \
         protocol list."
    )]
    InconsistentGroupProtocol,
    /// INVALID_GROUP_ID (24).
    #[error("The group id is invalid.")]
    InvalidGroupId,
    /// UNKNOWN_MEMBER_ID (25).
    #[error("The coordinator is not aware of this member.")]
    UnknownMemberId,
    /// INVALID_SESSION_TIMEOUT (26).
    #[error(
        "The session timeout is not within the range allowed by the broker (as configured by \
         group.min.session.timeout.ms and group.max.session.timeout.ms)."
    )]
    InvalidSessionTimeout,
    /// REBALANCE_IN_PROGRESS (27).
    #[error("The group is rebalancing, so a rejoin is needed.")]
    RebalanceInProgress,
    /// INVALID_REQUEST (42).
    #[error("{0}")]
    InvalidRequest(Arc<str>),
    /// NON_EMPTY_GROUP (68).
    #[error("The group is not empty.")]
    NonEmptyGroup,
    /// GROUP_ID_NOT_FOUND (69).
    #[error("{0}")]
    GroupIdNotFound(Arc<str>),
    /// MEMBER_ID_REQUIRED (79).
    #[error(
        "The group member needs to have a valid member id before actually entering a consumer \
         group."
    )]
    MemberIdRequired,
    /// GROUP_MAX_SIZE_REACHED (81).
    #[error("The consumer group has reached its max size.")]
    GroupMaxSizeReached,
    /// FENCED_INSTANCE_ID (82).
    #[error(
        "The broker rejected this static consumer since another consumer with the same \
         group.instance.id has registered with a different member.id."
    )]
    FencedInstanceId,
    /// GROUP_SUBSCRIBED_TO_TOPIC (86).
    #[error(
        "Deleting offsets of a topic is forbidden while the consumer group is actively \
         subscribed to it."
    )]
    GroupSubscribedToTopic,
    /// UNSTABLE_OFFSET_COMMIT (88).
    #[error("There are unstable offsets that need to be cleared.")]
    UnstableOffsetCommit,
    /// FENCED_MEMBER_EPOCH (110).
    #[error("{0}")]
    FencedMemberEpoch(Arc<str>),
    /// UNRELEASED_INSTANCE_ID (111).
    #[error("{0}")]
    UnreleasedInstanceId(Arc<str>),
    /// UNSUPPORTED_ASSIGNOR (112).
    #[error("{0}")]
    UnsupportedAssignor(Arc<str>),
    /// STALE_MEMBER_EPOCH (113).
    #[error(
        "The member epoch is stale. The member must retry after receiving its updated member \
         epoch via the ConsumerGroupHeartbeat API."
    )]
    StaleMemberEpoch,
    /// INVALID_REGULAR_EXPRESSION (128).
    #[error("{0}")]
    InvalidRegularExpression(Arc<str>),
}
