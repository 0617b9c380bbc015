//! Is this value valid for this key? And if not, what would be?
//!
//! Pure functions over one key and one text. They know nothing about other keys.

use super::error::ConfigError;
use super::key::{Key, Kind, Rule, Standing};

/// Checks type and rule, then whether anything but the default may be had.
///
/// # Errors
/// [`ConfigError::Invalid`] or [`ConfigError::OnlyDefault`].
pub fn check(key: &Key, value: &str) -> Result<(), ConfigError> {
    let value = value.trim();
    if !fits(key, value) {
        return Err(invalid(key, value, valid_text(key)));
    }
    match key.standing {
        Standing::Refused(why) if !is_default(key, value) => Err(ConfigError::OnlyDefault {
            key: key.name.to_string(),
            value: shown(key, value),
            why,
            default: default_text(key),
        }),
        Standing::Refused(_)
        | Standing::Obeyed
        | Standing::Deprecated(_)
        | Standing::Later
        | Standing::Meaningless(_) => Ok(()),
    }
}

/// An error about `key` with the value hidden if it is a secret.
pub fn invalid(key: &Key, value: &str, valid: impl Into<String>) -> ConfigError {
    ConfigError::Invalid {
        key: key.name.to_string(),
        value: shown(key, value),
        valid: valid.into(),
    }
}

/// True if `value` says what the key says without it, in whatever spelling.
pub fn is_default(key: &Key, value: &str) -> bool {
    let Some(default) = key.default else {
        return value.trim().is_empty();
    };
    let value = value.trim();
    match key.kind {
        Kind::Boolean => value.eq_ignore_ascii_case(default),
        Kind::Int | Kind::Short | Kind::Long => whole(value) == whole(default),
        Kind::Double => value.parse::<f64>().ok() == default.parse::<f64>().ok(),
        Kind::List => items(value).eq(items(default)),
        Kind::Text | Kind::Class | Kind::Password => value == default,
    }
}

/// The items of a list, trimmed; an empty text is an empty list.
pub fn items(value: &str) -> impl Iterator<Item = &str> {
    let whole = value.trim();
    let none = usize::from(whole.is_empty());
    whole.split(',').skip(none).map(str::trim)
}

fn whole(value: &str) -> Option<i64> {
    value.parse().ok()
}

fn shown(key: &Key, value: &str) -> String {
    if key.sensitive() { "[hidden]".to_string() } else { value.to_string() }
}

fn default_text(key: &Key) -> String {
    match key.default {
        None => "not to set it".to_string(),
        Some("") => "empty".to_string(),
        Some(default) => format!("`{default}`"),
    }
}

fn fits(key: &Key, value: &str) -> bool {
    match key.kind {
        Kind::Boolean => ["true", "false"].iter().any(|word| value.eq_ignore_ascii_case(word)),
        Kind::Int | Kind::Short | Kind::Long => {
            let (low, high) = bounds(key);
            let minus_one = matches!(key.rule, Rule::MinusOneOrBetween(..));
            whole(value).is_some_and(|n| (low..=high).contains(&n) || minus_one && n == -1)
        }
        Kind::Double => value.parse::<f64>().is_ok_and(|number| {
            let (low, high) = match key.rule {
                Rule::Fraction(low, high) => (low, high),
                _ => (f64::MIN, f64::MAX),
            };
            (low..=high).contains(&number)
        }),
        Kind::Text | Kind::List | Kind::Class | Kind::Password => fits_words(key.rule, value),
    }
}

fn fits_words(rule: Rule, value: &str) -> bool {
    match rule {
        Rule::OneOf(words) => words.contains(&value),
        Rule::OneOfAnyCase(words) => words.iter().any(|word| word.eq_ignore_ascii_case(value)),
        Rule::EachOf(words) => items(value).all(|item| words.contains(&item)),
        Rule::Cpus => cpus(value).is_some(),
        Rule::Replicas => value == "*" || items(value).all(is_replica),
        Rule::Any
        | Rule::AtLeast(_)
        | Rule::Between(..)
        | Rule::MinusOneOrBetween(..)
        | Rule::Fraction(..) => true,
    }
}

fn is_replica(item: &str) -> bool {
    item.split_once(':').is_some_and(|(partition, broker)| {
        partition.parse::<u32>().is_ok() && broker.parse::<u32>().is_ok()
    })
}

/// Reads `0,2-5`. `None` if it is not such a list, names a CPU twice, or runs backwards.
pub fn cpus(value: &str) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    for item in items(value) {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        // More CPUs than any kernel is built for are a typing error.
        if first > last || last >= 8192 {
            return None;
        }
        for cpu in first..=last {
            if found.contains(&usize::from(cpu)) {
                return None;
            }
            found.push(usize::from(cpu));
        }
    }
    Some(found)
}

fn bounds(key: &Key) -> (i64, i64) {
    let (type_low, type_high) = match key.kind {
        Kind::Short => (i64::from(i16::MIN), i64::from(i16::MAX)),
        Kind::Int => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Kind::Long
        | Kind::Boolean
        | Kind::Text
        | Kind::Double
        | Kind::List
        | Kind::Class
        | Kind::Password => (i64::MIN, i64::MAX),
    };
    match key.rule {
        Rule::AtLeast(low) => (low, type_high),
        Rule::Between(low, high) | Rule::MinusOneOrBetween(low, high) => (low, high.min(type_high)),
        Rule::Any
        | Rule::Fraction(..)
        | Rule::OneOf(_)
        | Rule::OneOfAnyCase(_)
        | Rule::EachOf(_)
        | Rule::Cpus
        | Rule::Replicas => (type_low, type_high),
    }
}

/// What would be valid, as the end of a sentence.
pub fn valid_text(key: &Key) -> String {
    match (key.kind, key.rule) {
        (Kind::Boolean, _) => "true or false".to_string(),
        (Kind::Int | Kind::Short | Kind::Long, Rule::MinusOneOrBetween(..)) => {
            let (low, high) = bounds(key);
            format!("-1 or a whole number from {low} to {high}")
        }
        (Kind::Int | Kind::Short | Kind::Long, _) => {
            let (low, high) = bounds(key);
            format!("a whole number from {low} to {high}")
        }
        (Kind::Double, Rule::Fraction(low, high)) => format!("a number from {low} to {high}"),
        (Kind::Double, _) => "a number".to_string(),
        (_, Rule::OneOf(words) | Rule::OneOfAnyCase(words)) => {
            format!("one of {}", words.join(", "))
        }
        (_, Rule::EachOf(words)) => {
            format!("a comma separated list out of {}", words.join(", "))
        }
        (_, Rule::Cpus) => "a list of CPU numbers and ranges such as 0,2-5".to_string(),
        (_, Rule::Replicas) => "`*` or a list of partition:broker".to_string(),
        (Kind::List, _) => "a comma separated list".to_string(),
        (Kind::Text | Kind::Class | Kind::Password, _) => "text".to_string(),
    }
}
