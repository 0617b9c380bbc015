//! The Fetch request, v4-v18. Its topics and partitions stay in the frame and are decoded while
//! they are walked. Knows no session and no log. Lives on the connection's core.

use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::layout::layout;
use super::reader::Seq;
use super::topic_ref::TopicRef;

layout! {
    /// A Fetch request.
    pub struct FetchRequest {
        /// Node id of a fetching follower, -1 for a consumer; from v15 in `replica_state`.
        replica_id: i32 = -1, ..=14;
        /// How long to wait for `min_bytes`, in milliseconds.
        max_wait_ms: i32 = 0, ..;
        /// Least bytes worth answering before the wait is over.
        min_bytes: i32 = 0, ..;
        /// Most bytes to answer with; the first batch is sent even above it (KIP-74).
        max_bytes: i32 = i32::MAX, ..;
        /// 0 = read uncommitted, 1 = read committed.
        isolation_level: i8 = 0, ..;
        /// Fetch session, 0 = none.
        session_id: i32 = 0, 7..;
        /// Epoch in that session: -1 = no session, 0 = make one.
        session_epoch: i32 = -1, 7..;
        /// What to read.
        topics: Seq<FetchTopic> = Seq::empty(), ..;
        /// What to drop from the session.
        forgotten_topics: Seq<ForgottenTopic> = Seq::empty(), 7..;
        /// Rack of the consumer, empty when unknown.
        rack_id: StrBytes = StrBytes::new(), 11..;
    }
    tagged {
        /// The cluster the fetcher thinks it talks to.
        0 => cluster_id: Option<StrBytes> = None, 12..;
        /// Who fetches, when it is a follower.
        1 => replica_state: ReplicaState = ReplicaState { replica_id: -1, replica_epoch: -1 }, 15..;
    }
}

layout! {
    /// A follower that fetches.
    pub struct ReplicaState {
        /// Its node id, -1 for a consumer.
        replica_id: i32 = -1, ..;
        /// Its broker epoch.
        replica_epoch: i64 = -1, ..;
    }
}

layout! {
    /// A topic to read from.
    pub struct FetchTopic {
        /// The topic.
        topic: TopicRef = TopicRef::Id(Uuid::nil()), ..;
        /// Its partitions.
        partitions: Seq<FetchPartition> = Seq::empty(), ..;
    }
}

layout! {
    /// A partition to read from.
    pub struct FetchPartition {
        /// The partition.
        partition: i32 = 0, ..;
        /// Leader epoch the client believes in, -1 = it does not say.
        current_leader_epoch: i32 = -1, 9..;
        /// First offset wanted.
        fetch_offset: i64 = 0, ..;
        /// Epoch of the last record the fetcher has, -1 = it does not say.
        last_fetched_epoch: i32 = -1, 12..;
        /// First offset of the follower's log, -1 for a consumer.
        log_start_offset: i64 = -1, 5..;
        /// Most bytes from this partition; the first batch is sent even above it.
        partition_max_bytes: i32 = 0, ..;
    }
    tagged {
        /// Directory of the follower's replica.
        0 => replica_directory_id: Uuid = Uuid::nil(), 17..;
        /// High watermark the follower knows; the greatest number when it does not say.
        1 => high_watermark: i64 = i64::MAX, 18..;
    }
}

layout! {
    /// Partitions that leave a fetch session.
    pub struct ForgottenTopic {
        /// The topic.
        topic: TopicRef = TopicRef::Id(Uuid::nil()), ..;
        /// Its partitions.
        partitions: Seq<i32> = Seq::empty(), ..;
    }
}

impl FetchRequest {
    /// Node id of the follower that fetches, -1 for a consumer, in whichever field the version
    /// has it.
    pub fn fetcher(&self) -> i32 {
        self.replica_id.max(self.replica_state.replica_id)
    }
}
