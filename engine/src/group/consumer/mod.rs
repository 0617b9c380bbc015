//! Groups of the consumer protocol (KIP-848): the broker assigns, members reconcile one by one.
//! Deciders and pure functions; core-local.
//!
//! | file | one idea |
//! |---|---|
//! | `group` | the group and what is told of it |
//! | `known`, `tally` | what its records say, and counts over that |
//! | `request`, `heartbeat` | a member's heartbeat from check to answer |
//! | `subscribe`, `metadata_hash` | what members want, and when the epoch of the group rises |
//! | `patterns`, `pattern` | topics by pattern |
//! | `retarget`, `assign` | the target assignment, and the assignors |
//! | `interval` | how soon a member is to come again |
//! | `step`, `reconcile`, `owned` | each member's way to its target, and timers |
//! | `leave` | members that go |
//! | `classic_member` | members of the classic protocol |
//! | `upgrade`, `downgrade` | the way from a classic group, and back |
//! | `commit` | who may commit and fetch offsets |
//!
//! Must not know: requests' versions, connections, files.

pub mod assign;
mod classic_member;
mod commit;
mod downgrade;
mod group;
mod heartbeat;
mod interval;
mod known;
mod leave;
mod metadata_hash;
mod owned;
mod pattern;
mod patterns;
mod reconcile;
mod request;
mod retarget;
mod step;
mod subscribe;
mod tally;
mod upgrade;

pub use downgrade::Downgrade;
pub use group::ConsumerGroup;
pub use request::check as check_heartbeat;
pub use upgrade::{Upgrade, UpgradedMember};

#[cfg(test)]
mod classic_member_test;
#[cfg(test)]
mod commit_test;
#[cfg(test)]
mod group_test;
#[cfg(test)]
mod kafka_test;
#[cfg(test)]
mod kafka_words;
#[cfg(test)]
mod patterns_test;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod sim_member;
#[cfg(test)]
mod sim_test;
#[cfg(test)]
mod static_test;
// Takes its time from the kernel's clock.
#[cfg(test)]
#[cfg(not(simulated))]
mod storm_test;
