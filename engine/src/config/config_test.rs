//! What operators write, and what they are told about it.

use std::collections::BTreeMap;

use super::*;

pub fn given(entries: &[(&str, &str)]) -> Given {
    let entries = entries.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    Given { has_file: true, cluster_id: None, entries }
}

pub fn loaded(entries: &[(&str, &str)]) -> Loaded {
    BrokerConfig::load(given(entries)).unwrap()
}

pub fn refusal(entries: &[(&str, &str)]) -> String {
    BrokerConfig::load(given(entries)).unwrap_err().to_string()
}

pub fn notes(entries: &[(&str, &str)]) -> Vec<String> {
    loaded(entries).notes.into_iter().map(|note| note.text).collect()
}

pub fn topic(entries: &[(&str, &str)]) -> Result<TopicConfig, ConfigError> {
    let overrides = entries.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    BrokerConfig::default().topic(&overrides)
}

#[test]
fn without_a_file_it_is_a_single_node_that_formats_itself() {
    let config = BrokerConfig::default();
    assert_eq!(config.node_id, 1);
    assert!(config.auto_format);
    assert_eq!(config.listeners.len(), 1);
    assert_eq!((config.listeners[0].name.as_str(), config.listeners[0].port), ("PLAINTEXT", 9092));
    assert_eq!(config.advertised, config.listeners);
    assert_eq!(config.log_dirs, [std::path::PathBuf::from("data")]);
    assert_eq!(*config.topic_defaults, TopicConfig::default());
    assert_eq!(config.topic_defaults.flush_messages, 1);
}

#[test]
fn every_key_stands_once_and_its_default_is_valid() {
    let mut seen = BTreeMap::new();
    let broker = BROKER_GROUPS.iter().flat_map(|(_, keys)| keys.iter());
    for key in broker.chain(TOPIC_KEYS) {
        let side = usize::from(std::ptr::eq(key, topic_key(key.name).unwrap_or(key)));
        if let Some(default) = key.default {
            check::check(key, default).unwrap();
            assert!(check::is_default(key, default), "{}", key.name);
        }
        assert!(key.doc.ends_with('.'), "{}", key.name);
        *seen.entry((key.name, side, key.defaults_from)).or_insert(0) += 1;
    }
    assert!(seen.values().all(|count| *count == 1));
}

#[test]
fn a_topic_default_is_obeyed_at_the_broker_exactly_if_topics_obey_it() {
    for key in TOPIC_KEYS {
        for name in key.defaults_from {
            let broker = broker_key(name).unwrap();
            assert_eq!(
                matches!(broker.standing, Standing::Obeyed),
                matches!(key.standing, Standing::Obeyed),
                "{name} and {}",
                key.name
            );
        }
    }
}

#[test]
fn typed_topic_defaults_are_those_of_the_table() {
    let own = TOPIC_KEYS.iter().filter_map(|key| Some((key.name, key.default?)));
    let own: Vec<_> = own.collect();
    assert_eq!(topic(&own).unwrap(), TopicConfig::default());
}

/// Kafka's own `config/server.properties`, as 4.2 ships it.
const SHIPPED: &str = "\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,\\
    SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
";

#[test]
fn kafkas_shipped_file_is_taken_as_it_is() {
    let given = Given::from_file("server.properties", SHIPPED.as_bytes()).unwrap();
    let Loaded { config, notes } = BrokerConfig::load(given).unwrap();
    assert_eq!(config.listeners.len(), 1);
    assert_eq!(config.controller_listeners[0].port, 9093);
    assert_eq!(config.advertised.len(), 1);
    assert_eq!(config.advertised[0].host, "localhost");
    assert!(!config.auto_format, "a node with a file is formatted by hand");
    let (warnings, information): (Vec<_>, Vec<_>) = notes.iter().partition(|note| note.warning);
    assert_eq!(warnings.len(), 5, "{warnings:?}");
    assert_eq!(information.len(), 5, "{information:?}");
}

#[test]
fn what_was_measured_for_the_disks_stands_beneath_what_was_given() {
    let text = b"corelog.syncs.in.flight=3\ncorelog.write.bytes.max=1048576\n\
        log.cleaner.io.max.bytes.per.second=5e7\n";
    let measured = Given::from_file("io.properties", text).unwrap();
    let mut given = given(&[("corelog.write.bytes.max", "2097152")]);
    given.put_beneath("io.properties", measured).unwrap();
    let config = BrokerConfig::load(given).unwrap().config;
    assert_eq!(config.cores.syncs_in_flight, 3);
    assert_eq!(config.cores.write_bytes_max, 2_097_152, "server.properties wins");
    assert_eq!(config.cleaner.bytes_per_second, 5e7);
    let described = describe_broker(&config);
    let syncs = described.iter().find(|one| one.name == "corelog.syncs.in.flight").unwrap();
    assert_eq!((syncs.value.as_deref(), syncs.source), (Some("3"), Source::StaticBroker));
}

#[test]
fn a_file_of_measured_settings_holds_nothing_else() {
    let measured = Given::from_file("io.properties", b"log.dirs=/srv\n").unwrap();
    let refused = Given::default().put_beneath("io.properties", measured).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "log.dirs stands in io.properties, which may only hold corelog.syncs.in.flight, \
         corelog.write.bytes.max, log.cleaner.io.max.bytes.per.second"
    );
}

#[test]
fn a_wrong_value_is_named_with_its_key_and_what_is_valid() {
    let cases = [
        ("num.partitions", "abc", "a whole number from 1 to 2147483647"),
        ("num.partitions", "0", "a whole number from 1 to 2147483647"),
        ("num.partitions", "", "a whole number from 1 to 2147483647"),
        ("log.segment.bytes", "1024", "a whole number from 1048576 to 2147483647"),
        ("log.segment.bytes", "99999999999", "a whole number from 1048576 to 2147483647"),
        ("log.retention.ms", "0", "-1 or a whole number from 1 to 9223372036854775807"),
        ("log.retention.hours", "-2", "-1 or a whole number from 1 to 2147483647"),
        ("auto.create.topics.enable", "yes", "true or false"),
        ("log.cleaner.min.cleanable.ratio", "1.5", "a number from 0 to 1"),
        ("log.message.timestamp.type", "createtime", "one of CreateTime, LogAppendTime"),
        ("log.cleanup.policy", "delete,shrink", "a comma separated list out of compact, delete"),
        ("process.roles", "brocker", "a comma separated list out of broker, controller"),
        ("corelog.cpus", "0,5-2", "a list of CPU numbers and ranges such as 0,2-5"),
        ("corelog.workers", "1", "a whole number from 2 to 64"),
        ("log.dirs", "/a,,/b", "directories separated by single commas"),
        ("log.dirs", "/a,/b,/a", "each directory once"),
        ("controller.quorum.voters", "localhost:9093", "a list of id@host:port"),
        ("controller.quorum.bootstrap.servers", "localhost", "a list of host:port"),
        ("broker.id", "-7", "a whole number from 0 to 2147483647"),
    ];
    for (key, value, valid) in cases {
        let expected = format!("invalid value `{value}` for {key}: valid is {valid}");
        assert_eq!(refusal(&[(key, value)]), expected);
    }
}

#[test]
fn what_is_not_built_is_refused_rather_than_ignored() {
    let cases = [
        ("process.roles", "broker", "this is not built yet; valid is broker,controller"),
        (
            "controller.quorum.voters",
            "1@a:9093,2@b:9093",
            "this is not built yet; valid is one voter, whose id is node.id",
        ),
        (
            "controller.quorum.voters",
            "3@a:9093",
            "this is not built yet; valid is one voter, whose id is node.id",
        ),
        (
            "controller.quorum.bootstrap.servers",
            "a:1,b:1",
            "this is not built yet; valid is one host:port, this node's own",
        ),
        (
            "unclean.leader.election.enable",
            "true",
            "this is not built yet; valid is only the default, `false`",
        ),
        (
            "compression.type",
            "zstd",
            "this is not built yet; valid is only the default, `producer`",
        ),
        (
            "authorizer.class.name",
            "org.x.Authorizer",
            "this is not built yet; valid is only the default, empty",
        ),
        (
            "create.topic.policy.class.name",
            "org.x.Policy",
            "Java classes cannot be loaded, and a policy that is not asked is no policy; \
             valid is only the default, not to set it",
        ),
        (
            "listeners",
            "SSL://:9093",
            "this is not built yet; valid is listeners for clients whose security protocol is \
             PLAINTEXT",
        ),
    ];
    for (key, value, rest) in cases {
        assert_eq!(refusal(&[(key, value)]), format!("invalid value `{value}` for {key}: {rest}"));
    }
}

#[test]
fn the_older_name_of_the_node_id_must_agree() {
    assert_eq!(loaded(&[("broker.id", "7")]).config.node_id, 7);
    assert_eq!(loaded(&[("broker.id", "7"), ("node.id", "7")]).config.node_id, 7);
    assert_eq!(
        refusal(&[("broker.id", "7"), ("node.id", "8")]),
        "invalid value `7` for broker.id: node.id says `8`; valid is the same"
    );
}

#[test]
fn a_secret_is_not_repeated_in_a_complaint_or_a_description() {
    let config = loaded(&[("ssl.keystore.password", "hunter2")]).config;
    let described = describe_broker(&config);
    let entry = described.iter().find(|entry| entry.name == "ssl.keystore.password").unwrap();
    assert!(entry.sensitive);
    assert!(!format!("{described:?}").contains("hunter2"));
}

#[test]
fn unknown_and_old_keys_are_told_and_do_no_harm() {
    let cases = [
        (
            "num.partition",
            "num.partition is ignored: no such key is known; did you mean num.partitions?",
        ),
        (
            "socket.request.buffer.bytes",
            "socket.request.buffer.bytes is ignored: no such key is known",
        ),
        (
            "zookeeper.connect",
            "zookeeper.connect is ignored: there is no ZooKeeper here, the controller runs inside \
             the broker (process.roles=broker,controller)",
        ),
        ("port", "port is ignored: Kafka 4.0 removed it; use listeners"),
        (
            "num.io.threads",
            "num.io.threads has no meaning here: every core handles its own requests, see \
             corelog.cpus",
        ),
        (
            "segment.bytes",
            "segment.bytes is ignored: it is a topic's key; the broker's default is \
             log.segment.bytes",
        ),
        (
            "group.share.session.timeout.ms",
            "group.share.session.timeout.ms has no effect yet: what it belongs to is not built",
        ),
        (
            "listener.name.x.ssl.keystore.type",
            "listener.name.x.ssl.keystore.type has no effect yet: what it belongs to is not built",
        ),
    ];
    for (key, text) in cases {
        assert_eq!(notes(&[(key, "4")]), [text]);
    }
    assert!(notes(&[("offsets.retention.minutes", "5")]).is_empty(), "obeyed");
}

#[test]
fn the_finer_unit_wins() {
    let ms = |entries: &[(&str, &str)]| loaded(entries).config.topic_defaults.retention_ms;
    assert_eq!(ms(&[("log.retention.hours", "2")]), Some(7_200_000));
    assert_eq!(ms(&[("log.retention.hours", "-1")]), None);
    let minutes = ("log.retention.minutes", "3");
    assert_eq!(ms(&[("log.retention.hours", "2"), minutes]), Some(180_000));
    assert_eq!(ms(&[minutes, ("log.retention.ms", "5")]), Some(5));
    assert_eq!(ms(&[minutes, ("log.retention.ms", "")]), Some(180_000), "empty is not set");
    let config =
        loaded(&[("log.roll.hours", "1"), ("log.flush.scheduler.interval.ms", "9")]).config;
    assert_eq!((config.topic_defaults.segment_ms, config.topic_defaults.flush_ms), (3_600_000, 9));
}

#[test]
fn a_description_says_where_a_value_comes_from() {
    let config = loaded(&[("log.retention.minutes", "3"), ("log.segment.bytes", "2097152")]).config;
    let own = BTreeMap::from([("segment.bytes".to_string(), "1048576".to_string())]);
    let described = describe_topic(&config, &own);
    let find = |name: &str| described.iter().find(|entry| entry.name == name).unwrap();
    let retention = find("retention.ms");
    assert_eq!(retention.value.as_deref(), Some("180000"));
    assert_eq!(retention.source, Source::StaticBroker);
    let names: Vec<_> = retention.synonyms.iter().map(|s| (s.name, s.source)).collect();
    let expected =
        [("log.retention.minutes", Source::StaticBroker), ("log.retention.hours", Source::Default)];
    assert_eq!(names, expected);
    let segment = find("segment.bytes");
    assert_eq!((segment.value.as_deref(), segment.source), (Some("1048576"), Source::Topic));
    let sources: Vec<_> = segment.synonyms.iter().map(|s| s.source).collect();
    assert_eq!(sources, [Source::Topic, Source::StaticBroker, Source::Default]);
    assert_eq!(find("flush.messages").value.as_deref(), Some("1"));
    assert_eq!(find("flush.messages").source, Source::Default);
    assert!(
        described.iter().all(|entry| !entry.read_only && entry.name != "internal.segment.bytes")
    );
}

#[test]
fn a_broker_description_covers_every_key_that_is_not_internal() {
    let described = describe_broker(&BrokerConfig::default());
    assert!(described.is_sorted_by_key(|entry| entry.name));
    let node = described.iter().find(|entry| entry.name == "node.id").unwrap();
    assert_eq!((node.value.as_deref(), node.read_only), (Some("1"), true));
    let live = described.iter().find(|entry| entry.name == "log.retention.ms").unwrap();
    assert_eq!((live.value.as_deref(), live.read_only), (None, false));
    assert_eq!(live.synonyms[0].name, "log.retention.hours");
}

#[test]
fn overrides_win_over_the_file_and_must_be_key_and_value() {
    let mut given =
        Given::from_file("f", b"num.partitions = 3 \n# no\nlog.dirs=/a\\\n,/b\n").unwrap();
    given.put("num.partitions=4").unwrap();
    given.put("advertised.listeners=PLAINTEXT://h:1").unwrap();
    let config = BrokerConfig::load(given.clone()).unwrap().config;
    assert_eq!((config.num_partitions, config.log_dirs.len()), (4, 2));
    for bad in ["num.partitions", "=4", " =4"] {
        assert_eq!(
            given.put(bad).unwrap_err().to_string(),
            format!("invalid --override `{bad}`: valid is key=value")
        );
    }
    let error = Given::from_file("f.properties", b"a=1\nb=\\u00zz\n").unwrap_err().to_string();
    assert!(error.starts_with("f.properties, line 2: "), "{error}");
}
