//! Primitives that need no executor of their own: they work under both backends.
//!
//! Must not know: cores, files, sockets.

pub use tokio::sync::{Notify, Semaphore, mpsc, oneshot, watch};
