//! Checked texts read by name and turned into the types that fields have.
//!
//! Pure. Every value has passed its key's row before it is read here.

use std::time::Duration;

use super::error::ConfigError;
use super::keys::broker_key;
use super::properties::Given;

/// Checked texts, read by name: what was given, else the table's default.
pub struct Values<'a> {
    /// What the operator gave.
    pub given: &'a Given,
}

impl Values<'_> {
    /// Empty when it is neither given nor has a default.
    pub fn text(&self, name: &str) -> &str {
        let default = broker_key(name).and_then(|key| key.default);
        self.given.get(name).or(default).unwrap_or("")
    }

    /// A boolean.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).eq_ignore_ascii_case("true")
    }

    /// The rows keep a number inside its field's type; -1 in an unsigned field is "not set" and
    /// goes through [`Values::limit`].
    pub fn number<T: TryFrom<i64> + Default>(&self, name: &str) -> T {
        T::try_from(self.text(name).parse().unwrap_or_default()).unwrap_or_default()
    }

    /// A number, or `None` when it is negative and the field is not.
    pub fn limit<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        T::try_from(self.text(name).parse().ok()?).ok()
    }

    /// A number that may have a fraction.
    pub fn fraction(&self, name: &str) -> f64 {
        self.text(name).parse().unwrap_or_default()
    }

    /// A duration.
    pub fn millis(&self, name: &str) -> Duration {
        Duration::from_millis(self.number(name))
    }

    /// An error about this key's value.
    pub fn invalid(&self, name: &str, valid: &str) -> ConfigError {
        ConfigError::invalid(name, self.text(name), valid)
    }

    /// An error about a value that is Kafka's and cannot be obeyed.
    pub fn not_built(&self, name: &str, valid: &'static str) -> ConfigError {
        let value = self.text(name).to_string();
        ConfigError::NotBuilt { key: name.to_string(), value, valid }
    }
}
