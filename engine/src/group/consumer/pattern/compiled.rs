//! A pattern that is ready to match: compiled once, with a bound on what it may take.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::re2::{SyntaxError, translate};
use crate::group::GroupError;

/// Bytes that the compiled form of a pattern may take. A client sends it, so somebody has to say
/// where it ends; patterns for names of topics take some ten thousand.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(in crate::group::consumer) struct Pattern {
    /// As the members wrote it.
    pub text: Arc<str>,
    regex: Regex,
}

impl Pattern {
    /// Compiles a pattern in RE2's syntax.
    fn compile(text: &Arc<str>) -> Result<Pattern, SyntaxError> {
        let whole = format!(r"\A(?:{})\z", translate(text)?);
        let mut builder = RegexBuilder::new(&whole);
        builder.size_limit(COMPILED_BYTES_MAX).dfa_size_limit(COMPILED_BYTES_MAX);
        match builder.build() {
            Ok(regex) => Ok(Pattern { text: text.clone(), regex }),
            Err(regex::Error::CompiledTooBig(_)) => Err(SyntaxError::TooLarge),
            // All else was seen to by the translation, but for names of Unicode's properties.
            Err(_) => Err(SyntaxError::CharRange),
        }
    }

    /// Compiles a pattern that may have come from a log of any age; `None` when it is no pattern.
    pub(in crate::group::consumer) fn of(text: &Arc<str>) -> Option<Pattern> {
        Pattern::compile(text).ok()
    }

    /// Whether the whole of a name matches.
    pub(in crate::group::consumer) fn matches(&self, name: &str) -> bool {
        self.regex.is_match(name)
    }
}

/// Whether a text is a pattern.
///
/// # Errors
/// INVALID_REGULAR_EXPRESSION, in Kafka's words.
pub(in crate::group::consumer) fn check(text: &Arc<str>) -> Result<(), GroupError> {
    let told = |error| {
        let told =
            format!("SubscribedTopicRegex `{text}` is not a valid regular expression: {error}.");
        GroupError::InvalidRegularExpression(told.into())
    };
    Pattern::compile(text).map(drop).map_err(told)
}

#[cfg(test)]
#[path = "compiled_test.rs"]
mod compiled_test;
