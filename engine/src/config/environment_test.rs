//! What the environment of a container means, variable by variable.

use super::*;
use crate::config::BrokerConfig;

fn read(variables: &[(&str, &str)]) -> Environment {
    Environment::read(variables.iter().map(|(name, value)| (name.to_string(), value.to_string())))
}

fn merged(file: &str, variables: &[(&str, &str)]) -> Given {
    let mut given = Given::from_file("f", file.as_bytes()).unwrap();
    given.put_environment(read(variables));
    given
}

#[test]
fn a_variable_is_a_key_by_kafkas_rule() {
    for (name, key) in [
        ("KAFKA_NODE_ID", "node.id"),
        ("KAFKA_CFG_NODE_ID", "node.id"),
        ("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "auto.create.topics.enable"),
        ("KAFKA_CFG_LISTENER_SECURITY_PROTOCOL_MAP", "listener.security.protocol.map"),
        ("KAFKA_LISTENER_NAME_SASL__SSL_X", "listener.name.sasl_ssl.x"),
        ("KAFKA_LISTENER_NAME_SASL___SSL_X", "listener.name.sasl-ssl.x"),
        ("KAFKA_A____B", "a-.b"),
        ("KAFKA_A_____B", "a-_b"),
        ("KAFKA_A______B", "a--b"),
        ("KAFKA_corelog_Pin", "corelog.pin"),
        ("KAFKA_LOG_DIRS", "log.dirs"),
        ("KAFKA_BROKER_ID", "broker.id"),
        ("KAFKA_CFG_HEAP_OPTS", "heap.opts"), // behind this prefix everything is a key
    ] {
        let found = read(&[(name, "v")]);
        let wanted = BTreeMap::from([(key.to_string(), "v".to_string())]);
        assert_eq!((found.entries, found.ignored), (wanted, vec![]), "{name}");
    }
}

#[test]
fn what_is_meant_for_a_jvm_is_ignored_with_one_note() {
    let names = [
        "CLASSPATH",
        "KAFKA_GC_LOG_OPTS",
        "KAFKA_HEAP_OPTS",
        "KAFKA_HOME",
        "KAFKA_JMX_HOSTNAME",
        "KAFKA_JMX_OPTS",
        "KAFKA_JVM_PERFORMANCE_OPTS",
        "KAFKA_LOG4J_LOGGERS",
        "KAFKA_LOG4J_OPTS",
        "KAFKA_LOG4J_ROOT_LOGLEVEL",
        "KAFKA_OPTS",
        "KAFKA_TOOLS_LOG4J_LOGLEVEL",
    ];
    let found = read(&names.map(|name| (name, "-Xmx256m")));
    assert_eq!((found.entries.len(), &found.ignored[..]), (0, &names.map(String::from)[..]));
    let note = found.note().unwrap();
    assert!(!note.warning && names.iter().all(|name| note.text.contains(name)), "{}", note.text);
    assert_eq!(read(&[("KAFKA_NODE_ID", "1")]).note(), None);
}

#[test]
fn other_variables_are_nobodys_business() {
    let others = [("PATH", "/"), ("KAFKA_", "x"), ("KAFKA_CFG_", "x"), ("KAFKA___", "x")];
    assert_eq!(read(&others), Environment::default());
    assert_eq!(read(&[("ALLOW_PLAINTEXT_LISTENER", "yes")]), Environment::default());
}

#[test]
fn the_narrower_prefix_wins_wherever_it_sorts() {
    let both = [("KAFKA_NODE_ID", "1"), ("KAFKA_CFG_NODE_ID", "2")];
    assert_eq!(read(&both).entries["node.id"], "2");
    let both = [("KAFKA_AUTO_X", "1"), ("KAFKA_CFG_AUTO_X", "2")];
    assert_eq!(read(&both).entries["auto.x"], "2");
}

#[test]
fn the_environment_wins_over_the_file_and_the_command_line_over_both() {
    let mut given = merged("node.id=1\nnum.partitions=1\nlog.dirs=/a\n", &[("KAFKA_NODE_ID", "2")]);
    assert_eq!((given.get("node.id"), given.get("num.partitions")), (Some("2"), Some("1")));
    given.put("node.id=3").unwrap();
    assert_eq!(given.get("node.id"), Some("3"));
    assert!(given.has_file);
}

#[test]
fn a_cluster_id_is_no_key() {
    for name in CLUSTER_IDS {
        let given = merged("", &[(name, " 5L6g3nShT-eMCtK--X86sw ")]);
        assert_eq!(given.cluster_id.as_deref(), Some("5L6g3nShT-eMCtK--X86sw"), "{name}");
        assert!(given.entries.is_empty());
    }
    assert_eq!(read(&[("CLUSTER_ID", "")]).cluster_id, None);
    let error = BrokerConfig::load(merged("", &[("CLUSTER_ID", "a b")])).unwrap_err().to_string();
    assert!(error.starts_with("invalid value `a b` for CLUSTER_ID"), "{error}");
    let config = BrokerConfig::load(merged("", &[("CLUSTER_ID", "c")])).unwrap().config;
    assert!(config.auto_format, "as a container of Kafka's does");
}

#[test]
fn what_is_advertised_alone_is_listened_on_everywhere() {
    let advertised =
        ("KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://broker:9092, INSIDE://[::1]:19092");
    let listeners = |file, variables: &[(&str, &str)]| {
        merged(file, variables).get("listeners").map(str::to_string)
    };
    let derived = "PLAINTEXT://0.0.0.0:9092,INSIDE://0.0.0.0:19092".to_string();
    assert_eq!(listeners("", &[advertised]), Some(derived));
    let own = ("KAFKA_LISTENERS", "PLAINTEXT://:1");
    assert_eq!(listeners("", &[advertised, own]).as_deref(), Some("PLAINTEXT://:1"));
    let file = "listeners=PLAINTEXT://:2\n";
    assert_eq!(listeners(file, &[advertised]).as_deref(), Some("PLAINTEXT://:2"));
    assert_eq!(listeners("", &[("KAFKA_NODE_ID", "1")]), None);
    assert_eq!(listeners("", &[("KAFKA_ADVERTISED_LISTENERS", "")]), None);
}
