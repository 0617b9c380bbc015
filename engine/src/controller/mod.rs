//! Who may change the metadata, and where it is written.
//!
//! One node: what is decided is written to a log of its own. A quorum will replace that log and
//! nothing else. Lives on the control thread; everyone else holds a [`ControllerHandle`]. Knows
//! records and images, never partitions' data, cores or requests.

mod ask;
mod creating;
mod decider;
mod describe_dirs;
mod frame;
mod handle;
mod import;
mod log_dir;
mod log_dirs;
mod meta_properties;
mod metadata_log;
mod recovery;
mod serve;
mod start;

pub use ask::{
    AssignmentError, CreateRequestError, CreateTopicError, DeleteTopicError, InvalidConfig,
    NewTopic, ProducerIdError, RegisterError, ReplicationError, TopicRef,
};
pub use creating::Created;
pub use decider::{Decider, PRODUCER_ID_BLOCK};
pub use describe_dirs::{LogDirsInfo, describe_log_dirs};
pub use handle::{ControllerHandle, Deleted};
pub use import::{ImportError, ImportRefused, ImportReport};
pub use log_dir::LogDirError;
pub use log_dirs::{LogDir, LogDirs, format_log_dirs, open_log_dirs};
pub use meta_properties::{BadMetaProperties, META_PROPERTIES, MetaProperties};
pub use metadata_log::{MetadataLog, MetadataLogError};
pub use recovery::{Damage, LOG_FILE, Recovered, SNAPSHOT_FILE, recover};
pub use serve::Controller;
pub use start::{StartError, Started, start_controller};
