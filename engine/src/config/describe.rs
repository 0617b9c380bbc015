//! What is set, to what, and why: the data behind `DescribeConfigs`.
//!
//! Pure. Numbers of the protocol (config types, sources) belong to whoever encodes the answer.

use std::collections::BTreeMap;

use super::broker::BrokerConfig;
use super::inherit::inherited;
use super::key::{Key, Kind};
use super::keys::{TOPIC_KEYS, broker_key, broker_keys};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The topic's own entry.
    Topic,
    /// `server.properties` or the command line.
    StaticBroker,
    /// The table.
    Default,
}

/// One setting as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The key.
    pub name: &'static str,
    /// In effect; `None` when not set, and for secrets.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// Cannot be changed while the broker runs.
    pub read_only: bool,
    /// The value is withheld.
    pub sensitive: bool,
    /// Type of the value.
    pub kind: Kind,
    /// For people.
    pub doc: &'static str,
    /// Every value that could be in effect, the winning one first.
    pub synonyms: Vec<Synonym>,
}

/// A value that is or could be in effect, and the key that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synonym {
    /// The key.
    pub name: &'static str,
    /// In that key's own unit; `None` for secrets.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: Source,
}

/// Broker keys that say the same thing, the winning one first.
const FAMILIES: &[&[&str]] = &[
    &["log.roll.ms", "log.roll.hours"],
    &["log.roll.jitter.ms", "log.roll.jitter.hours"],
    &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
    &["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
    &["log.dirs", "log.dir"],
    &["node.id", "broker.id"],
];

/// Every topic key of a topic with these entries of its own, in the order of names.
pub fn describe_topic(
    broker: &BrokerConfig,
    overrides: &BTreeMap<String, String>,
) -> Vec<Described> {
    let mut described: Vec<Described> = TOPIC_KEYS
        .iter()
        .filter(|key| !key.internal)
        .map(|key| one_topic_key(broker, key, overrides.get(key.name)))
        .collect();
    described.sort_by_key(|entry| entry.name);
    described
}

fn one_topic_key(broker: &BrokerConfig, key: &'static Key, own: Option<&String>) -> Described {
    let default = inherited(key, &broker.given);
    let mut synonyms = Vec::new();
    if let Some(value) = own {
        let value = Some(value.clone());
        synonyms.push(Synonym { name: key.name, value, source: Source::Topic });
    }
    push_broker_synonyms(broker, key.defaults_from, &mut synonyms);
    let source = match (own, default.from) {
        (Some(_), _) => Source::Topic,
        (None, Some(_)) => Source::StaticBroker,
        (None, None) => Source::Default,
    };
    let value = Some(own.cloned().unwrap_or(default.value));
    finish(key, value, source, false, synonyms)
}

/// Every broker key, in the order of names.
pub fn describe_broker(broker: &BrokerConfig) -> Vec<Described> {
    let mut described: Vec<Described> = broker_keys()
        .filter(|key| !key.internal)
        .map(|key| {
            let alone = [key.name];
            let family = FAMILIES.iter().find(|family| family.first() == Some(&key.name));
            let mut synonyms = Vec::new();
            push_broker_synonyms(broker, family.copied().unwrap_or(&alone), &mut synonyms);
            let given = broker.given.get(key.name);
            let source = if given.is_some() { Source::StaticBroker } else { Source::Default };
            let value = given.or(key.default).map(str::to_string);
            finish(key, value, source, key.restart, synonyms)
        })
        .collect();
    described.sort_by_key(|entry| entry.name);
    described
}

fn finish(
    key: &'static Key,
    value: Option<String>,
    source: Source,
    read_only: bool,
    synonyms: Vec<Synonym>,
) -> Described {
    let sensitive = key.sensitive();
    let value = value.filter(|_| !sensitive);
    let (name, kind, doc) = (key.name, key.kind, key.doc);
    Described { name, value, source, read_only, sensitive, kind, doc, synonyms }
}

/// What was given for any of `names`, then what their defaults are.
fn push_broker_synonyms(broker: &BrokerConfig, names: &[&str], into: &mut Vec<Synonym>) {
    let keys = || names.iter().filter_map(|name| broker_key(name));
    let given = keys().filter_map(|key| {
        let value = broker.given.get(key.name)?.to_string();
        Some((key, value, Source::StaticBroker))
    });
    let defaults = keys().filter_map(|key| Some((key, key.default?.to_string(), Source::Default)));
    into.extend(given.chain(defaults).map(|(key, value, source)| Synonym {
        name: key.name,
        value: Some(value).filter(|_| !key.sensitive()),
        source,
    }));
}
