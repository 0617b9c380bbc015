//! Topics by pattern (KIP-848): RE2 syntax, matched against whole names of topics.
//!
//! | file | one idea |
//! |---|---|
//! | `re2` | RE2's syntax, its rules and its words, as the syntax of our own engine |
//! | `re2_class` | the same between brackets |
//! | `compiled` | a pattern ready to match |
//! | `matching` | all topics against all patterns of a group, a bounded piece at a time |

mod compiled;
mod matching;
mod re2;
mod re2_class;

pub(super) use compiled::check;
pub(super) use matching::Matching;
