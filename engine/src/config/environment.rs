//! Configuration in environment variables, as containers of Apache Kafka and its distributions take
//! it: `KAFKA_NUM_PARTITIONS=3`, or with the prefix `KAFKA_CFG_`.
//!
//! Pure: whoever may read the environment hands it over. Knows names of variables, not of keys.

use std::collections::BTreeMap;

use super::error::Note;
use super::properties::Given;

/// Behind this prefix everything is a key.
const CFG_PREFIX: &str = "KAFKA_CFG_";
const PREFIX: &str = "KAFKA_";

/// The id that a container formats its log dirs with, by the image that introduced the name. The
/// first that is set wins.
const CLUSTER_IDS: &[&str] = &["CLUSTER_ID", "KAFKA_KRAFT_CLUSTER_ID", "KAFKA_CLUSTER_ID"];

/// What Kafka's start scripts and images say to a JVM, a shell or a logging library.
const NOT_KEYS: &[&str] = &[
    "CLASSPATH",
    "KAFKA_CLASSPATH",
    "KAFKA_DEBUG",
    "KAFKA_ENABLE_KRAFT",
    "KAFKA_GC_LOG_OPTS",
    "KAFKA_HEAP",
    "KAFKA_HEAP_OPT",
    "KAFKA_HEAP_OPTS",
    "KAFKA_HOME",
    "KAFKA_JVM_PERFORMANCE_OPTS",
    "KAFKA_LOG_LEVEL",
    "KAFKA_OPTS",
    "KAFKA_VERSION",
];
const NOT_KEYS_PREFIXES: &[&str] = &["KAFKA_JMX_", "KAFKA_LOG4J_", "KAFKA_TOOLS_LOG4J_"];

/// What the environment says about the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// Keys and values, before anything is checked.
    pub entries: BTreeMap<String, String>,
    /// What empty log dirs are to be formatted with.
    pub cluster_id: Option<String>,
    /// Names of variables that mean something to Kafka and nothing here, in their order.
    pub ignored: Vec<String>,
}

impl Environment {
    /// Picks out what is meant for a broker: a variable is one key, whose name is what follows the
    /// prefix in lower case, `_` for a dot, `__` for `_` and `___` for `-`. Where both prefixes
    /// give a key, `KAFKA_CFG_` wins.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Environment {
        let variables: BTreeMap<String, String> = variables.into_iter().collect();
        let mut read = Environment::default();
        let cluster_id = CLUSTER_IDS.iter().find_map(|name| variables.get(*name));
        read.cluster_id = cluster_id.map(|id| id.trim().to_string()).filter(|id| !id.is_empty());
        for (name, value) in variables {
            if CLUSTER_IDS.contains(&name.as_str()) {
                continue;
            }
            if is_no_key(&name) {
                read.ignored.push(name);
                continue;
            }
            // Overwritten by the one, left alone by the other: whichever is met first.
            match (name.strip_prefix(CFG_PREFIX), name.strip_prefix(PREFIX)) {
                (Some(rest), _) if has_name(rest) => drop(read.entries.insert(key(rest), value)),
                (None, Some(rest)) if has_name(rest) => {
                    read.entries.entry(key(rest)).or_insert(value);
                }
                _ => {}
            }
        }
        read
    }

    /// One note for all variables that are ignored.
    pub fn note(&self) -> Option<Note> {
        let names = self.ignored.join(", ");
        (!names.is_empty()).then(|| Note {
            key: names.clone(),
            warning: false,
            text: format!("{names} in the environment: nothing here is a JVM's or log4j's"),
        })
    }
}

impl Given {
    /// Puts what the environment says over what is there. Who is told by the environment what to
    /// advertise, and nowhere where to listen, listens there on every address.
    pub fn put_environment(&mut self, environment: Environment) {
        const LISTENERS: &str = "listeners";
        if let Some(advertised) = environment.entries.get("advertised.listeners")
            && !self.entries.contains_key(LISTENERS)
            && !advertised.trim().is_empty()
        {
            self.entries.insert(LISTENERS.to_string(), on_every_address(advertised));
        }
        self.entries.extend(environment.entries);
        self.cluster_id = environment.cluster_id;
    }
}

fn is_no_key(name: &str) -> bool {
    NOT_KEYS.contains(&name) || NOT_KEYS_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn has_name(rest: &str) -> bool {
    rest.contains(|c: char| c.is_ascii_alphanumeric())
}

/// `LOG__X_Y___Z` is `log_x.y-z`; of a longer run of underscores, threes are taken first.
fn key(rest: &str) -> String {
    let dots = rest.to_ascii_lowercase().replace('_', ".");
    dots.replace("...", "-").replace("..", "_")
}

/// The same listeners with the hosts replaced.
fn on_every_address(advertised: &str) -> String {
    let listeners: Vec<String> = advertised
        .split(',')
        .map(|listener| match (listener.split_once("://"), listener.rsplit_once(':')) {
            (Some((name, _)), Some((_, port))) => format!("{}://0.0.0.0:{port}", name.trim()),
            _ => listener.to_string(), // the check of the listeners says what is wrong
        })
        .collect();
    listeners.join(",")
}

#[cfg(test)]
#[path = "environment_test.rs"]
mod environment_test;
