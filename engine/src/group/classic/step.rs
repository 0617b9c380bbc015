//! One step of a classic group: what it may look at, and what it wants done so far.

use std::sync::Arc;

use crate::group::answer::{Answer, Joined, Synced};
use crate::group::{Context, Effect, Effects, GroupError, TimerKey, Token};
use crate::record::offsets_topic::GroupRecord;
use crate::runtime::Mono;

/// One step.
pub(super) struct Step<'a, 'b> {
    pub(super) context: &'a mut Context<'b>,
    effects: Effects,
}

impl<'a, 'b> Step<'a, 'b> {
    pub(super) fn new(context: &'a mut Context<'b>) -> Step<'a, 'b> {
        Step { context, effects: Effects::new() }
    }

    pub(super) fn finish(self) -> Effects {
        self.effects
    }

    pub(super) fn append(&mut self, record: GroupRecord) {
        self.effects.push(Effect::Append(record));
    }

    pub(super) fn has_appended(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Append(_)))
    }

    pub(super) fn timer(&mut self, key: TimerKey, at: Option<Mono>) {
        self.effects.push(Effect::Timer { key, at });
    }

    /// Whether a timer that rings ends at this time. One that ends later is set again; one that
    /// does not end at all was stopped.
    pub(super) fn is_due(&mut self, key: TimerKey, ends: Option<Mono>) -> bool {
        let due = ends.is_some_and(|ends| ends <= self.context.now);
        if !due && ends.is_some() {
            self.timer(key, ends);
        }
        due
    }

    pub(super) fn answer(&mut self, to: Token, answer: Answer) {
        self.effects.push(Effect::Answer { to, answer });
    }

    pub(super) fn joined(&mut self, to: Token, joined: Joined) {
        self.answer(to, Answer::Join(joined));
    }

    /// `member_id` is what the member shall come back with; empty: with none.
    pub(super) fn refuse_join(&mut self, to: Token, member_id: &Arc<str>, error: GroupError) {
        self.joined(
            to,
            Joined {
                error: Some(error),
                member_id: Arc::clone(member_id),
                generation: -1,
                protocol_type: None,
                protocol: None,
                leader: Arc::default(),
                skip_assignment: false,
                members: Vec::new(),
            },
        );
    }

    pub(super) fn synced(&mut self, to: Token, synced: Result<Synced, GroupError>) {
        self.answer(to, Answer::Sync(synced));
    }
}
