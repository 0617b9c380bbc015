//! All tables of keys in one row, and finding a key in them. Pure.
//!
//! Must not know: values, files.

use super::topic::KEYS as TOPIC_KEYS;
use super::{
    cleaner, groups, log, metrics, native, network, node, remote, replication, sasl, share, tls,
    transactions,
};
use crate::config::key::Key;

/// Broker keys by the part of the program they belong to.
pub const BROKER_GROUPS: &[(&str, &[Key])] = &[
    ("node", node::KEYS),
    ("network", network::KEYS),
    ("log", log::KEYS),
    ("cleaner", cleaner::KEYS),
    ("replication", replication::KEYS),
    ("groups", groups::KEYS),
    ("share", share::KEYS),
    ("transactions", transactions::KEYS),
    ("remote", remote::KEYS),
    ("metrics", metrics::KEYS),
    ("tls", tls::KEYS),
    ("sasl", sasl::KEYS),
    ("corelog", native::KEYS),
];

/// All broker keys, in the order of the tables.
pub fn broker_keys() -> impl Iterator<Item = &'static Key> {
    BROKER_GROUPS.iter().flat_map(|(_, keys)| keys.iter())
}

/// The broker key of that name.
pub fn broker_key(name: &str) -> Option<&'static Key> {
    broker_keys().find(|key| key.name == name)
}

/// The topic key of that name.
pub fn topic_key(name: &str) -> Option<&'static Key> {
    TOPIC_KEYS.iter().find(|key| key.name == name)
}

/// Keys whose names the operator chooses behind a fixed beginning: they belong to Java plug-ins or
/// to a single listener, and have no effect here.
pub fn has_open_prefix(name: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "listener.name.",
        "rsm.config.",
        "rlmm.config.",
        "config.providers.",
        "metrics.context.",
        "sasl.oauthbearer.",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The known name that looks most like `given`, if one is near enough to be meant.
pub fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (given.len() / 4).clamp(1, 4);
    known
        .map(|name| (distance(given, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// Edits (insert, remove, replace) between two names.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (right, above) in b.bytes().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(left != right);
            diagonal = *above;
            before = replaced.min(before + 1).min(*above + 1);
            *above = before;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}
