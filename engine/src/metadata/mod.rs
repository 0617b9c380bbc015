//! What the cluster agreed on: plain data and pure functions.
//!
//! Records are what was decided, an image is what they add up to. Neither knows who decides
//! (`controller`), where records are written, or what a request looks like.

mod apply;
mod id;
mod image;
mod name;
mod owner;
mod placement;
mod record;
mod record_bytes;

pub use apply::ApplyError;
pub use id::{BadUuid, LogId, NodeId, parse_uuid, uuid_text};
pub use image::{BrokerImage, Image, PartitionImage, TopicImage};
pub use name::{
    CLUSTER_METADATA_TOPIC, GROUP_METADATA_TOPIC, InvalidTopicName, TRANSACTION_STATE_TOPIC,
    check_topic_name, is_internal, topic_names_collide,
};
pub use owner::owner_core;
pub use placement::{PlacementError, place};
pub use record::{
    BrokerRegistered, ClusterNamed, Endpoint, MetadataRecord, PartitionState, ProducerIdsGiven,
    TopicCreated, TopicDeleted,
};
pub use record_bytes::{RecordBytesError, decode_records, encode_records};
