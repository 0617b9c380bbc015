//! Why a load has no outcome.

use corelog_net::client::ClientError;
use thiserror::Error;

use crate::executor::ExecutorError;

/// What ended a load.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The broker refuses what has to be known or made beforehand.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The executors do not run.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// A connection of the load broke.
    #[error("connection to {address}: {source}")]
    Connection {
        /// Host and port.
        address: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A broker's address has no IP address.
    #[error("{address} is no address of a machine")]
    Address {
        /// As the broker says.
        address: String,
    },
    /// A batch or a request that cannot be encoded.
    #[error("{what} cannot be encoded: {why}")]
    Encode {
        /// Which.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The broker answers what the protocol does not allow.
    #[error("answer to {api} cannot be read: {why}")]
    Answer {
        /// The request.
        api: &'static str,
        /// What is wrong with the answer.
        why: String,
    },
    /// The topic has other partitions than the workload asks for, or none that are led.
    #[error("topic '{topic}' {why}")]
    Topic {
        /// Its name.
        topic: String,
        /// What is wrong with it.
        why: String,
    },
    /// The runtime of the admin client does not start.
    #[error("runtime: {0}")]
    Runtime(std::io::Error),
}
