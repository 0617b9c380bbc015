//! Incremental fetch sessions (KIP-227): the broker remembers what a client fetches, so that the
//! client names only what it changes and the broker answers only what has changed.
//!
//! | file | idea |
//! |---|---|
//! | `changes` | what a request asks, without its frame |
//! | `cached_partition` | one partition as the last request asked and the last answer told it |
//! | `fetch_session` | the partitions of one client, in the order in which they are read |
//! | `cache` | the sessions of a core: who keeps a slot, who loses it |
//! | `context` | what a request means to the cache: session, no session, or an error |
//!
//! Pure: no I/O, no clock, no log; a fetch is read by `fetch_in_session` beside this folder. All of
//! it is core-local: a session belongs to the core that its first request came in on, and its id
//! says which. On another core it is as unknown as after a restart (FETCH_SESSION_ID_NOT_FOUND),
//! and the client starts another one with its next request.

mod cache;
mod cached_partition;
mod changes;
mod context;
mod fetch_session;

pub use cache::{CacheLimits, FetchSessionCache};
pub use cached_partition::{Asked, CachedPartition};
pub use changes::Changes;
pub use context::{Context, FetchMetadata};
pub use fetch_session::FetchSession;
