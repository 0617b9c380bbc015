//! Whatever an operator or a client writes is taken or refused, and never ends the process.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Keys of the tables, and some that nobody knows.
fn name() -> impl Strategy<Value = String> {
    let names: Vec<String> =
        keys::broker_keys().chain(TOPIC_KEYS).map(|key| key.name.to_string()).collect();
    prop_oneof![9 => prop::sample::select(names), 1 => "[a-z.]{0,20}"]
}

/// What stands in such files, and what does not.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        "(-1|0|1|2|true|FALSE|delete|compact|PLAINTEXT://[a-z]{0,3}:[0-9]{0,6})",
        "[A-Z]{0,4}(://)?[a-z0-9.:\\[\\]-]{0,12}:?[0-9]{0,6}(,.{0,9})?",
        ".{0,20}",
    ]
}

proptest! {
    #[test]
    fn any_entries_are_taken_or_refused(
        entries in prop::collection::btree_map(name(), value(), 0..6),
    ) {
        let given = Given { has_file: true, entries: entries.clone() };
        match BrokerConfig::load(given) {
            Ok(Loaded { config, .. }) => {
                prop_assert!(!config.listeners.is_empty() && !config.log_dirs.is_empty());
                prop_assert!(describe_broker(&config).len() > 300);
                describe_topic(&config, &BTreeMap::new());
            }
            Err(error) => prop_assert!(entries.keys().any(|key| error.to_string().contains(key))),
        }
        let taken = TopicConfig::from_overrides(&TopicConfig::default(), &entries).is_ok();
        let imported = TopicConfig::imported(&TopicConfig::default(), &entries);
        prop_assert_eq!(taken, imported.unsupported.is_empty());
    }

    #[test]
    fn any_bytes_are_a_file_or_an_error(content in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Given::from_file("f", &content);
    }

    #[test]
    fn a_topic_takes_back_what_its_description_says(
        entries in prop::collection::btree_map(name(), value(), 0..4),
    ) {
        let broker = BrokerConfig::default();
        if let Ok(config) = broker.topic(&entries) {
            let described = describe_topic(&broker, &entries);
            let said =
                described.into_iter().filter_map(|entry| Some((entry.name.into(), entry.value?)));
            prop_assert_eq!(broker.topic(&said.collect()).unwrap(), config);
        }
    }
}
