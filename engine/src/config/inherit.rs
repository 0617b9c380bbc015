//! Where a topic key's default comes from: the broker key that was given and wins, in the topic
//! key's unit, or the table.
//!
//! Pure. `log.retention.ms` wins over minutes, minutes over hours, and so on, as in Kafka.

use super::key::Key;
use super::keys::broker_key;
use super::properties::Given;

/// A topic key's default.
#[derive(Debug, Clone)]
pub struct Inherited {
    /// In the topic key's unit.
    pub value: String,
    /// The broker key it was read from; `None` if the operator gave none of them.
    pub from: Option<&'static Key>,
}

/// The default of `topic_key` on a broker with these settings. Broker values must have been
/// checked; a value that is no number is taken as it is.
pub fn inherited(topic_key: &Key, given: &Given) -> Inherited {
    let winner = topic_key.defaults_from.iter().find_map(|name| {
        given
            .get(name)
            .zip(broker_key(name))
            .filter(|(value, key)| key.default.is_some() || !value.is_empty())
    });
    match winner {
        Some((value, key)) => {
            Inherited { value: in_topic_unit(topic_key, key, value), from: Some(key) }
        }
        None => Inherited { value: topic_key.default.unwrap_or("").to_string(), from: None },
    }
}

fn in_topic_unit(topic_key: &Key, broker_key: &Key, value: &str) -> String {
    let scale = match broker_key.name.rsplit('.').next() {
        Some("hours") => 3_600_000,
        Some("minutes") => 60_000,
        _ => 1,
    };
    match value.parse::<i64>() {
        Ok(number) if topic_key.name == "retention.ms" && number < 0 => "-1".to_string(),
        Ok(number) if scale != 1 => number.saturating_mul(scale).to_string(),
        Ok(_) | Err(_) => value.to_string(),
    }
}
