//! What comes to the decider of a group and what it wants done: plain values.
//!
//! All effects of one step belong together: its records are one batch, and its answers go out
//! when everything that the group wrote so far is durable, in order. Whoever carries them out has
//! made sure before the step that the log takes records now: a decision is never taken back.

use std::sync::Arc;

use smallvec::SmallVec;
use uuid::Uuid;

use super::answer::Answer;
use super::request::{Caller, Request};
use crate::config::GroupSettings;
use crate::metadata::Image;
use crate::record::offsets_topic::GroupRecord;
use crate::runtime::{Mono, Rng};

/// Names and ids of topics that are gone.
pub type DeletedTopics = Arc<[(Arc<str>, Uuid)]>;

/// Where an answer goes; made by whoever asks, means nothing to the decider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What a step may look at besides the group.
pub struct Context<'a> {
    /// The monotonic clock.
    pub now: Mono,
    /// Unix milliseconds.
    pub wall: i64,
    /// Chance.
    pub rng: &'a mut Rng,
    /// The broker's settings for groups.
    pub settings: &'a GroupSettings,
    /// The topics there are.
    pub image: &'a Image,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody asks; exactly one [`Effect::Answer`] follows, in this step or a later one.
    Request {
        /// Where the answer goes.
        from: Token,
        /// Who asks.
        caller: Caller,
        /// What.
        request: Request,
    },
    /// A timer that was set has run out.
    Timer(TimerKey),
    /// These topics were deleted.
    TopicsDeleted(DeletedTopics),
}

/// What a group waits for; setting a key again replaces its time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerKey {
    /// A member has been silent for its session timeout.
    Session(Arc<str>),
    /// A member that was given an id did not come back with it.
    PendingMember(Arc<str>),
    /// The join phase of a classic group ends.
    Join,
    /// Members of a classic group did not sync in time.
    Sync,
    /// A member of a consumer group did not give up its partitions in time.
    Revoke(Arc<str>),
    /// A member of a consumer group that speaks the classic protocol did not rejoin in time.
    MemberJoin(Arc<str>),
    /// A member of a consumer group that speaks the classic protocol did not sync in time.
    MemberSync(Arc<str>),
    /// Patterns are to be matched again.
    Patterns,
    /// Offsets may have expired.
    Offsets,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write this record.
    Append(GroupRecord),
    /// Answer this.
    Answer {
        /// Where it goes.
        to: Token,
        /// What it says.
        answer: Answer,
    },
    /// Wake the group then; `None` = not any more.
    Timer {
        /// For what.
        key: TimerKey,
        /// When.
        at: Option<Mono>,
    },
}

/// What one step wants done, in order.
pub type Effects = SmallVec<[Effect; 4]>;
