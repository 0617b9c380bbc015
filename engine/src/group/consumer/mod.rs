//! Groups of the consumer protocol (KIP-848): the broker assigns, members reconcile one by one.
//! Deciders and pure functions; core-local.
//!
//! Must not know: requests' versions, connections, files.

pub mod assign;
