//! The typed configuration of one broker, and how it is made from what the operator gave.
//!
//! Built once at start on the thread that starts the process; shared as `Arc<BrokerConfig>` by
//! every core. Opens no file and resolves no name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::check::{cpus, items};
use super::cleaner::{CleanerConfig, cleaner};
use super::endpoints::{Listeners, listeners};
use super::error::{ConfigError, Note};
use super::groups::{GroupSettings, OffsetsTopicConfig, groups, offsets_topic};
use super::http::{HttpListener, http_listener};
use super::inherit::inherited;
use super::keys::TOPIC_KEYS;
use super::listener::Endpoint;
use super::notes::check_entries;
use super::properties::Given;
use super::topic::TopicConfig;
use super::values::Values;

/// Settings of the broker. Byte counts are bytes; durations are from milliseconds.
#[derive(Debug, Clone)]
pub struct BrokerConfig {
    /// `node.id`, else `broker.id`, else 1.
    pub node_id: i32,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// Listeners for clients, in the order given. Their protocol is PLAINTEXT.
    pub listeners: Vec<Endpoint>,
    /// What clients are told. An empty host is the address by which the client came.
    pub advertised: Vec<Endpoint>,
    /// Listeners of the controller; nothing listens there while the quorum is this one node.
    pub controller_listeners: Vec<Endpoint>,
    /// `log.dirs`, else `log.dir`; at least one, none twice. The first holds the metadata log.
    pub log_dirs: Vec<PathBuf>,
    /// Whether an empty log dir is formatted at start.
    pub auto_format: bool,
    /// The cluster that this node belongs to, where the environment says so.
    pub cluster_id: Option<String>,
    /// Partitions of a topic created without a count.
    pub num_partitions: i32,
    /// Copies of a topic created without a count.
    pub default_replication_factor: i16,
    /// Whether Metadata creates topics it is asked for.
    pub auto_create_topics: bool,
    /// Whether DeleteTopics is allowed.
    pub delete_topics: bool,
    /// What topics start from.
    pub topic_defaults: Arc<TopicConfig>,
    /// Clients, sockets, requests.
    pub network: NetworkConfig,
    /// `corelog.http.listener`; `None`: no metrics and no health are served.
    pub http: Option<HttpListener>,
    /// `corelog.metrics.partitions.max`.
    pub metrics_partitions_max: usize,
    /// Threads, ring, memory.
    pub cores: CoreConfig,
    /// Background work on logs.
    pub upkeep: UpkeepConfig,
    /// Groups.
    pub groups: Arc<GroupSettings>,
    /// The topic that remembers groups.
    pub offsets_topic: OffsetsTopicConfig,
    /// Compaction.
    pub cleaner: CleanerConfig,
    /// What the operator gave, for `DescribeConfigs`.
    pub given: Given,
}

/// Limits towards clients.
#[derive(Debug, Clone)]
pub struct NetworkConfig {
    /// `socket.request.max.bytes`.
    pub request_bytes_max: u32,
    /// `fetch.max.bytes`.
    pub fetch_bytes_max: u32,
    /// `max.incremental.fetch.session.cache.slots`, over all cores.
    pub fetch_sessions_max: u32,
    /// `max.request.partition.size.limit`.
    pub described_partitions_max: u32,
    /// `socket.listen.backlog.size`.
    pub backlog: i32,
    /// `max.connections`.
    pub connections_max: u32,
    /// `max.connections.per.ip`.
    pub connections_per_ip_max: u32,
    /// `connections.max.idle.ms`; `None` never closes an idle connection.
    pub idle_max: Option<Duration>,
}

/// Threads, ring and memory: Corelog's own keys.
#[derive(Debug, Clone)]
pub struct CoreConfig {
    /// `corelog.cpus`; empty: one core per CPU this process may use.
    pub cpus: Vec<usize>,
    /// `corelog.pin`.
    pub pin: bool,
    /// `corelog.ring.entries`.
    pub ring_entries: u32,
    /// `corelog.workers`.
    pub workers: usize,
    /// `corelog.memory.budget.bytes`, over all cores.
    pub memory_budget_bytes: u64,
    /// `corelog.syncs.in.flight`, per core and log dir.
    pub syncs_in_flight: usize,
    /// `corelog.write.bytes.max`.
    pub write_bytes_max: usize,
    /// `corelog.test.skip.sync`.
    pub skip_sync_for_tests: bool,
    /// `corelog.test.failpoint`; empty for none.
    pub failpoint_for_tests: String,
}

/// Background work on logs.
#[derive(Debug, Clone)]
pub struct UpkeepConfig {
    /// `log.retention.check.interval.ms`.
    pub retention_check: Duration,
    /// `corelog.checkpoint.bytes`, per log dir.
    pub checkpoint_bytes: u64,
    /// `corelog.disk.reserve.bytes`, per log dir.
    pub disk_reserve_bytes: u64,
    /// `producer.id.expiration.ms`.
    pub producer_expiration: Duration,
}

/// A configuration and what is worth telling the operator about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: BrokerConfig,
    /// To be logged at start, one line each.
    pub notes: Vec<Note>,
}

impl Default for BrokerConfig {
    /// A single node without a file.
    #[expect(clippy::expect_used, reason = "the tables' own defaults; a test loads them")]
    fn default() -> BrokerConfig {
        BrokerConfig::load(Given::default()).expect("the defaults are valid").config
    }
}

impl BrokerConfig {
    /// Checks every entry, then reads the ones that are obeyed.
    ///
    /// # Errors
    /// The first [`ConfigError`] found: entries by name, then what must fit together.
    pub fn load(given: Given) -> Result<Loaded, ConfigError> {
        let notes = check_entries(&given)?;
        let values = Values { given: &given };
        check_single_node(&values)?;
        let node_id = node_id(&values)?;
        check_quorum(&values, node_id)?;
        let Listeners { clients, controllers, advertised } = listeners(&values)?;
        let config = BrokerConfig {
            node_id,
            rack: Some(values.text("broker.rack").to_string()).filter(|rack| !rack.is_empty()),
            listeners: clients,
            advertised,
            controller_listeners: controllers,
            log_dirs: log_dirs(&values)?,
            auto_format: match given.get("corelog.auto.format") {
                Some(_) => values.flag("corelog.auto.format"),
                None => !given.has_file || given.cluster_id.is_some(),
            },
            cluster_id: cluster_id(&given)?,
            num_partitions: values.number("num.partitions"),
            default_replication_factor: values.number("default.replication.factor"),
            auto_create_topics: values.flag("auto.create.topics.enable"),
            delete_topics: values.flag("delete.topic.enable"),
            topic_defaults: Arc::new(topic_defaults(&given)?),
            network: network(&values),
            http: http_listener(&values)?,
            metrics_partitions_max: values.number("corelog.metrics.partitions.max"),
            cores: cores(&values),
            upkeep: upkeep(&values),
            groups: Arc::new(groups(&values)?),
            offsets_topic: offsets_topic(&values),
            cleaner: cleaner(&values)?,
            given: given.clone(),
        };
        Ok(Loaded { config, notes })
    }

    /// A topic's configuration on this broker.
    ///
    /// # Errors
    /// See [`TopicConfig::from_overrides`].
    pub fn topic(&self, overrides: &BTreeMap<String, String>) -> Result<TopicConfig, ConfigError> {
        TopicConfig::from_overrides(&self.topic_defaults, overrides)
    }
}

fn check_single_node(values: &Values<'_>) -> Result<(), ConfigError> {
    let mut roles: Vec<&str> = items(values.text("process.roles")).collect();
    roles.sort_unstable();
    roles.dedup();
    if roles == ["broker", "controller"] {
        return Ok(());
    }
    Err(values.not_built("process.roles", "broker,controller"))
}

fn cluster_id(given: &Given) -> Result<Option<String>, ConfigError> {
    match &given.cluster_id {
        Some(id) if id.contains(char::is_whitespace) => {
            let valid = "what `corelog storage random-uuid` prints";
            Err(ConfigError::invalid("CLUSTER_ID of the environment", id, valid))
        }
        id => Ok(id.clone()),
    }
}

fn node_id(values: &Values<'_>) -> Result<i32, ConfigError> {
    let node = values.given.get("node.id");
    let broker = values.given.get("broker.id").filter(|id| *id != "-1");
    match (node, broker) {
        (Some(node), Some(broker)) if node.parse::<i32>() != broker.parse() => {
            Err(ConfigError::Conflict {
                key: "broker.id".to_string(),
                value: broker.to_string(),
                other: "node.id".to_string(),
                other_value: node.to_string(),
            })
        }
        (None, Some(_)) => match values.limit::<u32>("broker.id") {
            Some(_) => Ok(values.number("broker.id")),
            None => Err(values.invalid("broker.id", "a whole number from 0 to 2147483647")),
        },
        (Some(_), _) | (None, None) => Ok(values.number("node.id")),
    }
}

/// One node is its own quorum: voters and bootstrap servers may name it and nobody else.
fn check_quorum(values: &Values<'_>, node_id: i32) -> Result<(), ConfigError> {
    const VOTERS: &str = "controller.quorum.voters";
    const SERVERS: &str = "controller.quorum.bootstrap.servers";
    let voters: Vec<&str> = items(values.text(VOTERS)).collect();
    for voter in &voters {
        let id = voter.split_once('@').filter(|(_, address)| is_address(address));
        let id = id.and_then(|(id, _)| id.trim().parse::<i32>().ok());
        match id {
            None => return Err(values.invalid(VOTERS, "a list of id@host:port")),
            Some(id) if id != node_id || voters.len() > 1 => {
                return Err(values.not_built(VOTERS, "one voter, whose id is node.id"));
            }
            Some(_) => {}
        }
    }
    let servers: Vec<&str> = items(values.text(SERVERS)).collect();
    if !servers.iter().all(|server| is_address(server)) {
        return Err(values.invalid(SERVERS, "a list of host:port"));
    }
    if servers.len() > 1 {
        return Err(values.not_built(SERVERS, "one host:port, this node's own"));
    }
    Ok(())
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn log_dirs(values: &Values<'_>) -> Result<Vec<PathBuf>, ConfigError> {
    let given = values.given.get("log.dirs").is_some_and(|dirs| !dirs.is_empty());
    let name = if given { "log.dirs" } else { "log.dir" };
    let mut dirs: Vec<PathBuf> = Vec::new();
    for dir in items(values.text(name)).map(PathBuf::from) {
        if dir.as_os_str().is_empty() {
            return Err(values.invalid(name, "directories separated by single commas"));
        }
        if dirs.contains(&dir) {
            return Err(values.invalid(name, "each directory once"));
        }
        dirs.push(dir);
    }
    if dirs.is_empty() {
        return Err(values.invalid(name, "at least one directory"));
    }
    Ok(dirs)
}

/// The tables' topic defaults with the broker's own settings over them.
fn topic_defaults(given: &Given) -> Result<TopicConfig, ConfigError> {
    let mut config = TopicConfig::default();
    for key in TOPIC_KEYS {
        let default = inherited(key, given);
        if let Some(from) = default.from {
            config.set(key.name, &default.value).map_err(|error| error.about(from.name))?;
        }
    }
    config.check_together().map_err(|error| error.about("log.cleaner.min.compaction.lag.ms"))?;
    Ok(config)
}

fn network(values: &Values<'_>) -> NetworkConfig {
    NetworkConfig {
        request_bytes_max: values.number("socket.request.max.bytes"),
        fetch_bytes_max: values.number("fetch.max.bytes"),
        fetch_sessions_max: values.number("max.incremental.fetch.session.cache.slots"),
        described_partitions_max: values.number("max.request.partition.size.limit"),
        backlog: values.number("socket.listen.backlog.size"),
        connections_max: values.number("max.connections"),
        connections_per_ip_max: values.number("max.connections.per.ip"),
        idle_max: values.limit("connections.max.idle.ms").map(Duration::from_millis),
    }
}

fn cores(values: &Values<'_>) -> CoreConfig {
    CoreConfig {
        cpus: cpus(values.text("corelog.cpus")).unwrap_or_default(),
        pin: values.flag("corelog.pin"),
        ring_entries: values.number("corelog.ring.entries"),
        workers: values.number("corelog.workers"),
        memory_budget_bytes: values.number("corelog.memory.budget.bytes"),
        syncs_in_flight: values.number("corelog.syncs.in.flight"),
        write_bytes_max: values.number("corelog.write.bytes.max"),
        skip_sync_for_tests: values.flag("corelog.test.skip.sync"),
        failpoint_for_tests: values.text("corelog.test.failpoint").to_string(),
    }
}

fn upkeep(values: &Values<'_>) -> UpkeepConfig {
    UpkeepConfig {
        retention_check: values.millis("log.retention.check.interval.ms"),
        checkpoint_bytes: values.number("corelog.checkpoint.bytes"),
        disk_reserve_bytes: values.number("corelog.disk.reserve.bytes"),
        producer_expiration: values.millis("producer.id.expiration.ms"),
    }
}
