//! Kafka's error codes, as far as this broker sends or its client understands them, with Kafka's
//! names. Knows no error of the engine: each handler maps those once, without a catch-all arm. Any
//! thread.

macro_rules! error_codes {
    ($($code:literal $name:ident $kafka:literal $doc:literal;)*) => {
        /// What the wire says about an error. Where the text does not say otherwise, clients give
        /// up on it; those marked "retried" are asked again by every client.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ErrorCode {
            $(
                #[doc = $doc]
                $name = $code,
            )*
        }

        impl ErrorCode {
            /// The error with this number, if it is one of ours.
            pub fn from_code(code: i16) -> Option<ErrorCode> {
                match code {
                    $($code => Some(ErrorCode::$name),)*
                    _ => None,
                }
            }

            /// Kafka's name of the error.
            pub fn name(self) -> &'static str {
                match self {
                    $(ErrorCode::$name => $kafka,)*
                }
            }
        }
    };
}

error_codes! {
    -1 UnknownServerError "UNKNOWN_SERVER_ERROR"
        "Something unexpected on the server; never for what a client should retry.";
    0 None "NONE"
        "No error.";
    1 OffsetOutOfRange "OFFSET_OUT_OF_RANGE"
        "The offset is not in the log.";
    2 CorruptMessage "CORRUPT_MESSAGE"
        "CRC mismatch or other damage (retried).";
    3 UnknownTopicOrPartition "UNKNOWN_TOPIC_OR_PARTITION"
        "No such topic or partition here (retried).";
    5 LeaderNotAvailable "LEADER_NOT_AVAILABLE"
        "The partition has no leader at the moment (retried).";
    6 NotLeaderOrFollower "NOT_LEADER_OR_FOLLOWER"
        "The partition is led elsewhere (retried).";
    7 RequestTimedOut "REQUEST_TIMED_OUT"
        "Not done in the time the request allowed (retried).";
    10 MessageTooLarge "MESSAGE_TOO_LARGE"
        "Larger than max.message.bytes.";
    12 OffsetMetadataTooLarge "OFFSET_METADATA_TOO_LARGE"
        "The note of a commit is longer than offset.metadata.max.bytes.";
    14 CoordinatorLoadInProgress "COORDINATOR_LOAD_IN_PROGRESS"
        "The coordinator is loading (retried).";
    15 CoordinatorNotAvailable "COORDINATOR_NOT_AVAILABLE"
        "There is no coordinator at the moment (retried).";
    16 NotCoordinator "NOT_COORDINATOR"
        "This broker is not the coordinator (retried).";
    17 InvalidTopicException "INVALID_TOPIC_EXCEPTION"
        "The topic name is not allowed.";
    18 RecordListTooLarge "RECORD_LIST_TOO_LARGE"
        "The batch is larger than a segment.";
    19 NotEnoughReplicas "NOT_ENOUGH_REPLICAS"
        "Fewer in sync than min.insync.replicas (retried).";
    20 NotEnoughReplicasAfterAppend "NOT_ENOUGH_REPLICAS_AFTER_APPEND"
        "Appended, then fewer in sync than min.insync.replicas (retried).";
    21 InvalidRequiredAcks "INVALID_REQUIRED_ACKS"
        "acks is not -1, 0 or 1.";
    22 IllegalGeneration "ILLEGAL_GENERATION"
        "Not the group's generation: the member has to join again.";
    23 InconsistentGroupProtocol "INCONSISTENT_GROUP_PROTOCOL"
        "The group's members have no protocol in common with this one.";
    24 InvalidGroupId "INVALID_GROUP_ID"
        "The group id is empty.";
    25 UnknownMemberId "UNKNOWN_MEMBER_ID"
        "The group does not know the member: it has to join again without an id.";
    26 InvalidSessionTimeout "INVALID_SESSION_TIMEOUT"
        "The session timeout is out of the allowed range.";
    27 RebalanceInProgress "REBALANCE_IN_PROGRESS"
        "The group is rebalancing: the member has to join again.";
    28 InvalidCommitOffsetSize "INVALID_COMMIT_OFFSET_SIZE"
        "The commit does not fit a batch.";
    29 TopicAuthorizationFailed "TOPIC_AUTHORIZATION_FAILED"
        "Not allowed on this topic.";
    30 GroupAuthorizationFailed "GROUP_AUTHORIZATION_FAILED"
        "Not allowed on this group.";
    31 ClusterAuthorizationFailed "CLUSTER_AUTHORIZATION_FAILED"
        "Not allowed on the cluster.";
    32 InvalidTimestamp "INVALID_TIMESTAMP"
        "A timestamp is out of the allowed range.";
    35 UnsupportedVersion "UNSUPPORTED_VERSION"
        "This version of the request is not served.";
    36 TopicAlreadyExists "TOPIC_ALREADY_EXISTS"
        "The topic exists.";
    37 InvalidPartitions "INVALID_PARTITIONS"
        "The number of partitions is not usable.";
    38 InvalidReplicationFactor "INVALID_REPLICATION_FACTOR"
        "The replication factor is not usable.";
    39 InvalidReplicaAssignment "INVALID_REPLICA_ASSIGNMENT"
        "The replica assignment is not usable.";
    40 InvalidConfig "INVALID_CONFIG"
        "A setting is unknown, invalid or not obeyed.";
    41 NotController "NOT_CONTROLLER"
        "This is not the controller (retried).";
    42 InvalidRequest "INVALID_REQUEST"
        "The request contradicts itself.";
    44 PolicyViolation "POLICY_VIOLATION"
        "The request is against a policy.";
    45 OutOfOrderSequenceNumber "OUT_OF_ORDER_SEQUENCE_NUMBER"
        "A gap in a producer's sequence.";
    46 DuplicateSequenceNumber "DUPLICATE_SEQUENCE_NUMBER"
        "A duplicate older than the remembered window.";
    47 InvalidProducerEpoch "INVALID_PRODUCER_EPOCH"
        "An older producer epoch than the log has.";
    48 InvalidTxnState "INVALID_TXN_STATE"
        "The transaction is not in the right state.";
    49 InvalidProducerIdMapping "INVALID_PRODUCER_ID_MAPPING"
        "The producer id does not belong to the transactional id.";
    50 InvalidTransactionTimeout "INVALID_TRANSACTION_TIMEOUT"
        "The transaction timeout is larger than allowed.";
    51 ConcurrentTransactions "CONCURRENT_TRANSACTIONS"
        "Another change of the same transaction is going on (retried).";
    53 TransactionalIdAuthorizationFailed "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"
        "Not allowed on this transactional id.";
    56 KafkaStorageError "KAFKA_STORAGE_ERROR"
        "The log's disk failed or is full (retried).";
    59 UnknownProducerId "UNKNOWN_PRODUCER_ID"
        "The producer is not known any more.";
    68 NonEmptyGroup "NON_EMPTY_GROUP"
        "The group has members.";
    69 GroupIdNotFound "GROUP_ID_NOT_FOUND"
        "There is no such group.";
    70 FetchSessionIdNotFound "FETCH_SESSION_ID_NOT_FOUND"
        "No such fetch session (retried).";
    71 InvalidFetchSessionEpoch "INVALID_FETCH_SESSION_EPOCH"
        "Not the session's epoch (retried).";
    73 TopicDeletionDisabled "TOPIC_DELETION_DISABLED"
        "delete.topic.enable is false.";
    74 FencedLeaderEpoch "FENCED_LEADER_EPOCH"
        "The client's leader epoch is older than the leader's (retried).";
    75 UnknownLeaderEpoch "UNKNOWN_LEADER_EPOCH"
        "The client's leader epoch is newer than the leader's (retried).";
    76 UnsupportedCompressionType "UNSUPPORTED_COMPRESSION_TYPE"
        "The codec is unknown or not allowed.";
    78 OffsetNotAvailable "OFFSET_NOT_AVAILABLE"
        "The leader does not know its high watermark yet (retried).";
    79 MemberIdRequired "MEMBER_ID_REQUIRED"
        "The member has to join again with the id it was given.";
    81 GroupMaxSizeReached "GROUP_MAX_SIZE_REACHED"
        "The group is full.";
    82 FencedInstanceId "FENCED_INSTANCE_ID"
        "Another member has the same group.instance.id.";
    86 GroupSubscribedToTopic "GROUP_SUBSCRIBED_TO_TOPIC"
        "The group reads the topic whose offsets are to be forgotten.";
    87 InvalidRecord "INVALID_RECORD"
        "The batch is malformed or against a rule.";
    88 UnstableOffsetCommit "UNSTABLE_OFFSET_COMMIT"
        "An open transaction may still change the offset (retried).";
    89 ThrottlingQuotaExceeded "THROTTLING_QUOTA_EXCEEDED"
        "A quota is used up (retried).";
    90 ProducerFenced "PRODUCER_FENCED"
        "A newer producer has the transactional id.";
    91 ResourceNotFound "RESOURCE_NOT_FOUND"
        "No such resource.";
    100 UnknownTopicId "UNKNOWN_TOPIC_ID"
        "No topic has this id (retried).";
    103 InconsistentTopicId "INCONSISTENT_TOPIC_ID"
        "The log's topic id is another one (retried).";
    104 InconsistentClusterId "INCONSISTENT_CLUSTER_ID"
        "The request is meant for another cluster.";
    106 FetchSessionTopicIdError "FETCH_SESSION_TOPIC_ID_ERROR"
        "The session mixes topic names and ids (retried).";
    109 OffsetMovedToTieredStorage "OFFSET_MOVED_TO_TIERED_STORAGE"
        "The offset is in tiered storage only.";
    110 FencedMemberEpoch "FENCED_MEMBER_EPOCH"
        "Not the member's epoch: it has to join again.";
    111 UnreleasedInstanceId "UNRELEASED_INSTANCE_ID"
        "Another member with the same group.instance.id has not left yet.";
    112 UnsupportedAssignor "UNSUPPORTED_ASSIGNOR"
        "No assignor of that name.";
    113 StaleMemberEpoch "STALE_MEMBER_EPOCH"
        "The member's epoch is older than the group's idea of it (retried).";
    114 MismatchedEndpointType "MISMATCHED_ENDPOINT_TYPE"
        "This broker has no endpoint of that type.";
    115 UnsupportedEndpointType "UNSUPPORTED_ENDPOINT_TYPE"
        "This endpoint type is not known.";
    120 TransactionAbortable "TRANSACTION_ABORTABLE"
        "The transaction has to be aborted, then it may go on.";
    128 InvalidRegularExpression "INVALID_REGULAR_EXPRESSION"
        "Not a pattern in RE2 syntax.";
    129 RebootstrapRequired "REBOOTSTRAP_REQUIRED"
        "The client has to start again from its bootstrap servers.";
}

impl ErrorCode {
    /// The number on the wire.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// Whether this is an error at all.
    pub fn is_error(self) -> bool {
        self != ErrorCode::None
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name(), self.code())
    }
}

#[cfg(test)]
#[path = "error_code_test.rs"]
mod error_code_test;
