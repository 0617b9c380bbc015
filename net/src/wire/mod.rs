//! The codec: bytes in, requests out, and back. No I/O, no rule about what a request may ask.
//!
//! A frame is cut off a connection's buffer (`frame`), its header read (`header`), and its body
//! decoded: Produce by hand so that batches leave the frame uncopied (`produce`), all others from
//! tables (`layout`, `request`, `fetch`) whose arrays stay in the frame. Nothing is ever allocated
//! by a length from the wire. Responses: Produce and Fetch by hand (Fetch as parts that may be
//! slices of files), all others by the kafka-protocol crate, whose message types handlers fill.

mod api_key;
mod decode;
mod error_code;
mod frame;
mod header;
mod layout;
mod malformed;
mod primitive;
mod produce;
mod produce_response;
mod reader;
mod topic_ref;
mod writer;

pub mod answer;
pub mod consumer_protocol;
pub mod fetch;
pub mod fetch_response;
pub mod request;

pub use api_key::ApiKey;
pub use decode::{Answer, Request};
pub use error_code::ErrorCode;
pub use frame::{FrameError, FrameSplitter, LENGTH_BYTES, Progress};
pub use header::{
    EncodeError, RequestHeader, request_frame, response_frame, response_frame_in, split_response,
};
pub use kafka_protocol::messages;
pub use kafka_protocol::protocol::StrBytes;
pub use malformed::Malformed;
pub use produce::{ProducePartition, ProduceRequest};
pub use produce_response::{
    ProducePartitionResponse, ProduceResponse, ProduceTopicResponse, RecordError,
};
pub use reader::{Nullable, Seq, SeqIter};
pub use topic_ref::{LeaderHint, NodeEndpoint, TOPIC_IDS_FROM, TopicRef};
