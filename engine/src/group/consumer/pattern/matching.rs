//! All topics against all patterns of a group. Names are compared one after the other, so with many
//! topics it takes long; whoever drives it does a piece, serves others, and comes back. The image
//! it began with is the one it ends with.

use std::sync::Arc;

use super::compiled::Pattern;
use crate::metadata::Image;
use crate::record::offsets_topic::PatternValue;

/// Comparisons of a name and a pattern in one piece: well under a millisecond.
const PIECE: usize = 2_000;

/// A matching that goes on.
#[derive(Debug, Clone)]
pub(in crate::group::consumer) struct Matching {
    image: Image,
    /// Unix milliseconds when it began.
    began: i64,
    /// Each pattern and the names that matched so far, sorted.
    patterns: Vec<(Pattern, Vec<Arc<str>>)>,
    /// The last name that was looked at.
    last: Option<Arc<str>>,
}

impl Matching {
    /// Begins.
    pub(in crate::group::consumer) fn begin<'a>(
        patterns: impl Iterator<Item = &'a Arc<str>>,
        image: &Image,
        now: i64,
    ) -> Matching {
        let patterns = patterns.filter_map(Pattern::of).map(|pattern| (pattern, Vec::new()));
        Matching { image: image.clone(), began: now, patterns: patterns.collect(), last: None }
    }

    /// Does a piece; `true` when that was the last.
    pub(in crate::group::consumer) fn go_on(&mut self) -> bool {
        let names = (PIECE / self.patterns.len().max(1)).max(1);
        let from = self.last.clone();
        let begin = from.as_deref().unwrap_or_default();
        let topics =
            self.image.topics_from(begin).filter(|topic| Some(&topic.name) != from.as_ref());
        let mut seen = 0;
        for topic in topics.take(names) {
            for (pattern, matched) in &mut self.patterns {
                if pattern.matches(&topic.name) {
                    matched.push(topic.name.clone());
                }
            }
            self.last = Some(topic.name.clone());
            seen += 1;
        }
        seen < names
    }

    /// How many topics had been created, ever, when it began.
    pub(in crate::group::consumer) fn created(&self) -> u64 {
        self.image.created
    }

    /// What each pattern matched.
    pub(in crate::group::consumer) fn finish(self) -> Vec<(Arc<str>, PatternValue)> {
        let (version, timestamp) = (self.image.version as i64, self.began);
        let value = |topics| PatternValue { topics, version, timestamp };
        self.patterns.into_iter().map(|(pattern, topics)| (pattern.text, value(topics))).collect()
    }
}
