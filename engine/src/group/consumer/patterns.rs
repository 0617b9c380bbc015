//! When the patterns of a group are matched against the topics, and what comes of it. All patterns
//! are matched together, so that new topics make the group assign anew once.
//!
//! A heartbeat finds out that it is time; the matching goes on in steps of its own, each of bounded
//! length, and the members go on meanwhile with what was matched before.

use std::sync::Arc;

use super::group::ConsumerGroup;
use super::pattern::Matching;
use crate::group::{Context, Effect, Effects, TimerKey};
use crate::record::offsets_topic::{GroupRecord, PatternValue};

/// Milliseconds between two matchings, at least.
const PAUSE_MS: i64 = 10_000;

impl ConsumerGroup {
    /// A member subscribes to another pattern; tells whether it is known what that matches.
    pub(super) fn change_pattern(
        &mut self,
        effects: &mut Effects,
        old: Option<Arc<str>>,
        new: Option<Arc<str>>,
    ) -> bool {
        if let Some(old) = old {
            self.forget_pattern(effects, old);
        }
        new.is_none_or(|new| self.known.patterns.contains_key(&new))
    }

    /// Removes what a pattern matched when nobody subscribes to it any more.
    pub(super) fn forget_pattern(&mut self, effects: &mut Effects, pattern: Arc<str>) {
        if !self.tally.patterns.contains_key(&pattern) {
            self.write(effects, self.pattern_record(pattern, None));
        }
    }

    /// Begins to match if it is time for that.
    pub(super) fn match_patterns_when_due(&mut self, context: &Context<'_>, effects: &mut Effects) {
        if self.tally.patterns.is_empty()
            || self.passing.matching.is_some()
            || !self.is_matching_due(context)
        {
            return;
        }
        let patterns = self.tally.patterns.keys();
        self.passing.matching = Some(Matching::begin(patterns, context.image, context.wall));
        effects.push(Effect::Timer { key: TimerKey::Patterns, at: Some(context.now) });
    }

    fn is_matching_due(&self, context: &Context<'_>) -> bool {
        let Some(last) = self.known.patterns.values().next().map(|value| value.timestamp) else {
            return true;
        };
        let age = context.wall.saturating_sub(last);
        let refresh = i64::try_from(context.settings.pattern_refresh.as_millis());
        let unmatched = || self.tally.patterns.keys().ne(self.known.patterns.keys());
        let new_topics = || self.passing.matched != Some(context.image.created);
        // A clock that was set back must not hold it up.
        age < 0
            || age > refresh.unwrap_or(i64::MAX)
            || (age > PAUSE_MS && (unmatched() || new_topics()))
    }

    /// Goes on matching, and takes down what came out when it is done.
    pub(super) fn match_patterns(&mut self, context: &mut Context<'_>, effects: &mut Effects) {
        let Some(mut matching) = self.passing.matching.take() else { return };
        if !matching.go_on() {
            self.passing.matching = Some(matching);
            effects.push(Effect::Timer { key: TimerKey::Patterns, at: Some(context.now) });
            return;
        }
        self.passing.matched = Some(matching.created());
        let mut changed = false;
        for (pattern, value) in matching.finish() {
            if !self.tally.patterns.contains_key(&pattern) {
                continue;
            }
            let before = self.known.patterns.get(&pattern).map_or(&[][..], |value| &value.topics);
            changed |= before != value.topics;
            self.write(effects, self.pattern_record(pattern, Some(value)));
        }
        self.passing.compared = None;
        self.raise_epoch(context, effects, changed);
    }

    pub(super) fn pattern_record(
        &self,
        pattern: Arc<str>,
        value: Option<PatternValue>,
    ) -> GroupRecord {
        GroupRecord::Pattern { group: self.id.clone(), pattern, value }
    }
}
