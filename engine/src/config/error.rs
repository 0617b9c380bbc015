//! What is wrong with a configuration, and what is merely worth saying about it.
//!
//! An error names the key, the value and what would be valid, in one line, without a chain of
//! causes. Knows no exit codes and no protocol errors.

use thiserror::Error;

/// Why a configuration is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// The value does not fit the key's type or rule.
    #[error("invalid value `{value}` for {key}: valid is {valid}")]
    Invalid {
        /// The key.
        key: String,
        /// As given; `[hidden]` for secrets.
        value: String,
        /// What would be valid.
        valid: String,
    },
    /// The key is known and its value well formed, but only the default can be had.
    #[error("invalid value `{value}` for {key}: {why}; valid is only the default, {default}")]
    OnlyDefault {
        /// The key.
        key: String,
        /// As given.
        value: String,
        /// Why nothing else is taken.
        why: &'static str,
        /// The one valid value.
        default: String,
    },
    /// The value is one of Kafka's, and this build cannot obey it.
    #[error("invalid value `{value}` for {key}: this is not built yet; valid is {valid}")]
    NotBuilt {
        /// The key.
        key: String,
        /// As given.
        value: String,
        /// What can be obeyed.
        valid: &'static str,
    },
    /// Two keys that say the same thing say different things.
    #[error("invalid value `{value}` for {key}: {other} says `{other_value}`; valid is the same")]
    Conflict {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// The key it must agree with.
        other: String,
        /// That key's value.
        other_value: String,
    },
    /// A topic was given a key that topics do not have.
    #[error("unknown topic configuration {key}{}", suggestion(.nearest))]
    UnknownTopicKey {
        /// As given.
        key: String,
        /// The known key that looks most like it.
        nearest: Option<&'static str>,
    },
    /// The file is not a properties file.
    #[error("{file}, line {line}: {why}; valid is key=value in the form of Java properties")]
    Syntax {
        /// As it was named on the command line.
        file: String,
        /// First line is 1; 0 when unknown.
        line: usize,
        /// What was found.
        why: String,
    },
    /// A file of measured settings holds something else.
    #[error("{key} stands in {file}, which may only hold {valid}")]
    Misplaced {
        /// As it was named in the configuration.
        file: String,
        /// The key that does not belong there.
        key: String,
        /// The keys that do.
        valid: String,
    },
    /// `--override` without a key or an equals sign.
    #[error("invalid --override `{given}`: valid is key=value")]
    Override {
        /// As given.
        given: String,
    },
}

impl ConfigError {
    /// A value that is no secret does not fit.
    pub(super) fn invalid(key: &str, value: &str, valid: impl Into<String>) -> ConfigError {
        let (key, value) = (key.to_string(), value.to_string());
        ConfigError::Invalid { key, value, valid: valid.into() }
    }

    /// The same error under the name the operator used for the key.
    pub(super) fn about(mut self, name: &str) -> ConfigError {
        match &mut self {
            ConfigError::Invalid { key, .. }
            | ConfigError::OnlyDefault { key, .. }
            | ConfigError::NotBuilt { key, .. }
            | ConfigError::Conflict { key, .. }
            | ConfigError::UnknownTopicKey { key, .. } => *key = name.to_string(),
            ConfigError::Syntax { .. }
            | ConfigError::Misplaced { .. }
            | ConfigError::Override { .. } => {}
        }
        self
    }
}

fn suggestion(nearest: &Option<&'static str>) -> String {
    nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

/// Something to tell the operator at start; nothing fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The key it is about.
    pub key: String,
    /// True if an effect may have been expected: log it as a warning, else as information.
    pub warning: bool,
    /// The whole sentence.
    pub text: String,
}
