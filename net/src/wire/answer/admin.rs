//! What comes back from CreateTopics (19) and DeleteTopics (20).

use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::wire::layout::layout;
use crate::wire::reader::Seq;

layout! {
    /// The answer to CreateTopics.
    pub struct CreateTopicsAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, ..;
        /// One entry per topic of the request.
        topics: Seq<CreatedTopic> = Seq::empty(), ..;
    }
}

layout! {
    /// The answer for one topic.
    pub struct CreatedTopic {
        /// Its name.
        name: StrBytes = StrBytes::new(), ..;
        /// Its id.
        topic_id: Uuid = Uuid::nil(), 7..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// What is wrong, for people.
        error_message: Option<StrBytes> = None, ..;
        /// How many partitions it got, -1 = not said.
        num_partitions: i32 = -1, 5..;
        /// How many replicas of each, -1 = not said.
        replication_factor: i16 = -1, 5..;
        /// Its settings.
        configs: Option<Seq<CreatedConfig>> = None, 5..;
    }
    tagged {
        /// Why `configs` is missing.
        0 => topic_config_error_code: i16 = 0, 5..;
    }
}

layout! {
    /// A setting of a new topic.
    pub struct CreatedConfig {
        /// Its key.
        name: StrBytes = StrBytes::new(), ..;
        /// Its value; `None` when it is secret.
        value: Option<StrBytes> = None, ..;
        /// Whether it cannot be changed.
        read_only: bool = false, ..;
        /// Where it comes from.
        config_source: i8 = -1, ..;
        /// Whether it is secret.
        is_sensitive: bool = false, ..;
    }
}

layout! {
    /// The answer to DeleteTopics.
    pub struct DeleteTopicsAnswer {
        /// How long to pause, in milliseconds.
        throttle_time_ms: i32 = 0, ..;
        /// One entry per topic of the request.
        topics: Seq<DeletedTopicAnswer> = Seq::empty(), ..;
    }
}

layout! {
    /// The answer for one topic.
    pub struct DeletedTopicAnswer {
        /// Its name; `None` = an id nobody knows.
        name: Option<StrBytes> = None, ..;
        /// Its id.
        topic_id: Uuid = Uuid::nil(), 6..;
        /// Error code, 0 = none.
        error_code: i16 = 0, ..;
        /// What is wrong, for people.
        error_message: Option<StrBytes> = None, 5..;
    }
}
