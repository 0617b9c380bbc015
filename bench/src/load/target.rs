//! What has to be known before a load: the topic, who leads its partitions, which versions are
//! spoken. Asked by the small client of the `corelog` command, before any executor runs.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use corelog_net::client::{Cluster, EARLIEST, LATEST, NewTopic};
use corelog_net::wire::answer::metadata::ApiVersionsAnswer;
use corelog_net::wire::messages::ApiVersionsRequest;
use corelog_net::wire::{ApiKey, ErrorCode, StrBytes};
use uuid::Uuid;

use super::error::LoadError;
use crate::workload::{Start, Workload};

/// How long a new topic may be without leaders.
const LEADERS_PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(20);
/// From this version on topics are named by their id.
const BY_ID_FROM: i16 = 13;

/// Where a load goes.
#[derive(Debug, Clone)]
pub struct Target {
    /// Name of the topic.
    pub topic: String,
    /// Its id; nil when the broker has none.
    pub id: Uuid,
    /// Leader of each partition, by number.
    pub leaders: Vec<SocketAddr>,
    /// Where consumers begin, by partition; empty without consumers.
    pub starts: Vec<i64>,
    /// First offset of each partition; empty without consumers.
    pub firsts: Vec<i64>,
    /// Version of Produce that both sides know.
    pub produce_version: i16,
    /// Version of Fetch that both sides know.
    pub fetch_version: i16,
}

/// Runs the admin client on a runtime of its own.
///
/// # Errors
/// That of `work`, or [`LoadError::Runtime`].
pub fn block_on<T>(work: impl Future<Output = Result<T, LoadError>>) -> Result<T, LoadError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(LoadError::Runtime)?.block_on(work)
}

/// Creates the topic of a workload; one that is there is left as it is.
///
/// # Errors
/// The broker's refusal.
pub async fn create_topic(cluster: &mut Cluster, workload: &Workload) -> Result<(), LoadError> {
    let topic = NewTopic {
        name: workload.topic.clone(),
        partitions: Some(workload.partitions),
        replication_factor: None,
        configs: workload.configs.clone().into_iter().collect(),
    };
    match cluster.create_topic(&topic).await {
        Err(error) if error.is(ErrorCode::TopicAlreadyExists) => Ok(()),
        created => Ok(created?),
    }
}

impl Target {
    /// Asks the brokers at `servers`; makes the topic when it is not there, and waits until each of
    /// its partitions has a leader.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn find(servers: &str, workload: &Workload) -> Result<Target, LoadError> {
        block_on(Self::ask(servers, workload))
    }

    async fn ask(servers: &str, workload: &Workload) -> Result<Target, LoadError> {
        let mut cluster = Cluster::connect(servers).await?;
        create_topic(&mut cluster, workload).await?;
        let (id, leaders) = Self::leaders(&mut cluster, &workload.topic).await?;
        let versions = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("corelog-bench"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        let answer: ApiVersionsAnswer = cluster.ask(&versions, 0..=3).await?;
        let version = |api: ApiKey| newest(api, &answer, id.is_nil());
        let mut target = Target {
            topic: workload.topic.clone(),
            id,
            leaders,
            starts: Vec::new(),
            firsts: Vec::new(),
            produce_version: version(ApiKey::Produce)?,
            fetch_version: version(ApiKey::Fetch)?,
        };
        let ends = target.served(&mut cluster).await?;
        if workload.groups > 0 {
            target.firsts = target.offsets(&mut cluster, EARLIEST).await?;
            target.starts = match workload.start {
                Start::Earliest => target.firsts.clone(),
                Start::Latest => ends,
            };
        }
        Ok(target)
    }

    async fn leaders(
        cluster: &mut Cluster,
        name: &str,
    ) -> Result<(Uuid, Vec<SocketAddr>), LoadError> {
        let give_up = Instant::now() + LEADERS_PATIENCE;
        loop {
            let topic = cluster.topic(name, false).await;
            let wrong = match topic {
                Ok(topic) => {
                    let mut leaders: Vec<(i32, i32)> =
                        topic.partitions.iter().map(|one| (one.index, one.leader_id)).collect();
                    leaders.sort_unstable();
                    match leaders.iter().filter(|(_, leader)| *leader < 0).count() {
                        0 if !leaders.is_empty() => {
                            return Ok((topic.topic_id, addresses(cluster, &leaders)?));
                        }
                        without => format!("has {without} partitions without a leader"),
                    }
                }
                Err(why) => why.to_string(),
            };
            if Instant::now() > give_up {
                return Err(LoadError::Topic { topic: name.to_owned(), why: wrong });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The ends of all partitions, as soon as their leaders know that they lead: metadata names
    /// them before that.
    async fn served(&self, cluster: &mut Cluster) -> Result<Vec<i64>, LoadError> {
        let give_up = Instant::now() + LEADERS_PATIENCE;
        loop {
            match self.offsets(cluster, LATEST).await {
                Err(why) if Instant::now() > give_up => return Err(why),
                Err(_) => tokio::time::sleep(PAUSE).await,
                Ok(ends) => return Ok(ends),
            }
        }
    }

    async fn offsets(&self, cluster: &mut Cluster, which: i64) -> Result<Vec<i64>, LoadError> {
        let count = i32::try_from(self.leaders.len()).unwrap_or(i32::MAX);
        let places: Vec<_> = (0..count).map(|number| (self.topic.clone(), number)).collect();
        let found = cluster.offsets_at(&places, which).await?;
        Ok(places.iter().map(|place| found.get(place).copied().flatten().unwrap_or(0)).collect())
    }
}

fn addresses(cluster: &Cluster, leaders: &[(i32, i32)]) -> Result<Vec<SocketAddr>, LoadError> {
    let of = |id: i32| {
        let address = cluster.address(id).unwrap_or_default();
        // IPv4 first: `localhost` often means both, and brokers often listen to one.
        let mut found: Vec<SocketAddr> =
            address.to_socket_addrs().map(Iterator::collect).unwrap_or_default();
        found.sort_by_key(SocketAddr::is_ipv6);
        found.first().copied().ok_or_else(|| LoadError::Address { address: address.to_owned() })
    };
    leaders.iter().map(|(_, leader)| of(*leader)).collect()
}

/// The newest version that both know; below those that need an id when there is none.
fn newest(api: ApiKey, theirs: &ApiVersionsAnswer, nameless: bool) -> Result<i16, LoadError> {
    let (first, last) = api.versions().into_inner();
    let last = if nameless { last.min(BY_ID_FROM - 1) } else { last };
    let spoken = theirs.api_keys.iter().find(|spoken| spoken.api_key == api.code());
    let both = spoken.map(|spoken| (last.min(spoken.max_version), first.max(spoken.min_version)));
    match both {
        Some((newest, oldest)) if newest >= oldest => Ok(newest),
        Some(_) | None => Err(LoadError::Answer {
            api: api.name(),
            why: "the broker speaks no version of it that this program knows".to_owned(),
        }),
    }
}
