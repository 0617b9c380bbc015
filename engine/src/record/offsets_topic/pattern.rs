//! The topics that a pattern matched, and its value in the log
//! (`ConsumerGroupRegularExpressionValue`). Pure.
//!
//! ```text
//! topics [string], version i64, timestamp i64
//! ```

use std::sync::Arc;

use super::error::DecodeError;
use super::fields::{Reader, Writer};

/// The one version.
const VERSION: i16 = 0;

/// What a pattern matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternValue {
    /// Names of topics, sorted.
    pub topics: Vec<Arc<str>>,
    /// Version of the metadata image it was matched in.
    pub version: i64,
    /// When it was matched, Unix milliseconds.
    pub timestamp: i64,
}

impl PatternValue {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut to = Writer::new(VERSION, true);
        to.list(&self.topics, |to, topic| to.text(topic));
        to.i64(self.version);
        to.i64(self.timestamp);
        to.tags(&[]);
        to.finish()
    }

    pub(super) fn decode(kind: i16, from: &mut Reader) -> Result<PatternValue, DecodeError> {
        from.expect_version(kind, VERSION)?;
        let value = PatternValue {
            topics: from.list(Reader::text)?,
            version: from.i64()?,
            timestamp: from.i64()?,
        };
        from.no_tags()?;
        Ok(value)
    }
}
