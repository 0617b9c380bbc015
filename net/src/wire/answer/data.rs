//! What comes back from Produce (0), Fetch (1), ListOffsets (2) and InitProducerId (22).

use bytes::Bytes;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;
use crate::wire::topic_ref::TopicRef;

layout! {
    /// The answer to Produce.
    pub struct ProduceAnswer {
        /// One entry per topic of the request.
        topics: Seq<ProducedTopic> = Seq::empty(), ..;
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, ..;
    }
}

layout! {
    /// The answer for one topic.
    pub struct ProducedTopic {
        /// The topic as the request named it.
        topic: TopicRef = TopicRef::Id(Uuid::nil()), ..;
        /// One entry per partition of the request.
        partitions: Seq<ProducedPartition> = Seq::empty(), ..;
    }
}

layout! {
    /// The answer for one partition.
    pub struct ProducedPartition {
        /// The partition.
        index: i32 = 0, ..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// Offset of the first record, -1 on error.
        base_offset: i64 = -1, ..;
        /// The broker's time in milliseconds, -1 unless it stamps.
        log_append_time_ms: i64 = -1, ..;
        /// First offset of the log.
        log_start_offset: i64 = -1, 5..;
        /// Records that made the batch fail.
        record_errors: Seq<RefusedRecord> = Seq::empty(), 8..;
        /// What is wrong, for people.
        error_message: Option<StrBytes> = None, 8..;
    }
}

layout! {
    /// A record that made its batch fail.
    pub struct RefusedRecord {
        /// Its place in the batch.
        batch_index: i32 = 0, ..;
        /// What is wrong with it.
        message: Option<StrBytes> = None, ..;
    }
}

layout! {
    /// The answer to Fetch.
    pub struct FetchAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, ..;
        /// Error code of the whole request, 0 = none.
        error_code: i16 = 0, 7..;
        /// Fetch session, 0 = none.
        session_id: i32 = 0, 7..;
        /// The topics asked for.
        topics: Seq<FetchedTopic> = Seq::empty(), ..;
    }
}

layout! {
    /// The answer for one topic.
    pub struct FetchedTopic {
        /// The topic as the request named it.
        topic: TopicRef = TopicRef::Id(Uuid::nil()), ..;
        /// Its partitions.
        partitions: Seq<FetchedPartition> = Seq::empty(), ..;
    }
}

layout! {
    /// The answer for one partition.
    pub struct FetchedPartition {
        /// The partition.
        index: i32 = 0, ..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// Offset below which everything is committed.
        high_watermark: i64 = -1, ..;
        /// Offset below which every transaction has ended.
        last_stable_offset: i64 = -1, ..;
        /// First offset of the log.
        log_start_offset: i64 = -1, 5..;
        /// Transactions to skip when reading committed.
        aborted_transactions: Option<Seq<SkippedTransaction>> = None, ..;
        /// Replica to read from instead, -1 = this one.
        preferred_read_replica: i32 = -1, 11..;
        /// Whole batches; the last one may be cut by brokers other than ours.
        records: Option<Bytes> = None, ..;
    }
}

layout! {
    /// A transaction whose records a reader of committed data skips.
    pub struct SkippedTransaction {
        /// Its producer.
        producer_id: i64 = -1, ..;
        /// Its first offset.
        first_offset: i64 = 0, ..;
    }
}

layout! {
    /// The answer to ListOffsets.
    pub struct ListOffsetsAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, 2..;
        /// One entry per topic of the request.
        topics: Seq<ListedTopic> = Seq::empty(), ..;
    }
}

layout! {
    /// The answer for one topic.
    pub struct ListedTopic {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..;
        /// One entry per partition of the request.
        partitions: Seq<ListedOffset> = Seq::empty(), ..;
    }
}

layout! {
    /// The answer for one partition.
    pub struct ListedOffset {
        /// The partition.
        index: i32 = 0, ..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// Timestamp of the record found, -1 = none.
        timestamp: i64 = -1, ..;
        /// Its offset, -1 = none.
        offset: i64 = -1, ..;
        /// Its leader epoch.
        leader_epoch: i32 = -1, 4..;
    }
}

layout! {
    /// The answer to InitProducerId.
    pub struct InitProducerIdAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, ..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// The producer id.
        producer_id: i64 = -1, ..;
        /// Its epoch.
        producer_epoch: i16 = -1, ..;
    }
}
