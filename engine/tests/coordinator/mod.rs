//! A core with one partition of `__consumer_offsets` in the simulated world: the shipped
//! coordinator, partition, commit and log, and nothing else.
#![allow(dead_code, reason = "every test uses a part of it")]

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_engine::commit::{CommitEvent, Committer, CommitterSettings};
use corelog_engine::config::{BrokerConfig, GroupSettings, OffsetsTopicConfig, TopicConfig};
use corelog_engine::group::GroupError;
use corelog_engine::group::answer::{Answer, FetchedOffset};
use corelog_engine::group::coordinator::{CoordinatorSettings, Coordinators, GroupAsk};
use corelog_engine::group::request::{Caller, FetchOffsets, Request};
use corelog_engine::log::{Log, LogConfig, OpenFrom};
use corelog_engine::metadata::{Image, LogId};
use corelog_engine::metrics::CoreMetrics;
use corelog_engine::partition::{Partition, PartitionStart, Role};
use corelog_engine::runtime;
use corelog_engine::runtime::simulated::World;
use uuid::Uuid;

pub const PLACE: &str = "/data/__consumer_offsets-3";
const ID: LogId = LogId { topic: Uuid::from_u128(9), partition: 3 };

/// What is committed for one group: by topic and partition.
pub type Offsets = std::collections::BTreeMap<(String, i32), i64>;

/// The answer to a request, when it comes.
pub type Asked = runtime::Answer<Result<Answer, GroupError>>;

/// A core with one partition of the offsets topic.
pub struct Core {
    pub coordinators: Rc<Coordinators>,
}

/// Starts it and waits until it has read its log.
pub async fn start() -> Core {
    start_with(BrokerConfig::default().groups.as_ref().clone()).await
}

/// As [`start`], with these settings.
pub async fn start_with(groups: GroupSettings) -> Core {
    let core = start_without_waiting(groups).await;
    core.loaded().await;
    core
}

/// As [`start_with`], while it reads its log.
pub async fn start_without_waiting(groups: GroupSettings) -> Core {
    let settings = CommitterSettings {
        in_flight_max: 4,
        write_bytes_max: 8 << 20,
        queued_bytes_max: 1 << 20,
        reserve_bytes: 0,
        one_step_bytes_max: 1000,
        unchecked_bytes_max: 3000,
        skip_sync: false,
    };
    let committer = Committer::new(settings, Arc::new(CoreMetrics::default()));
    let log_config = LogConfig {
        segment_bytes: 2000,
        index_interval_bytes: 200,
        deletes: false,
        ..LogConfig::default()
    };
    let from = OpenFrom { clean: false, recovery_point: 0, log_start: 0, ..OpenFrom::default() };
    let (log, _) = Log::open(Path::new(PLACE), ID, log_config, from, &|_| ()).await.unwrap();
    committer.adopt(ID, log.clone(), 1);
    let config = Arc::new(TopicConfig { max_message_bytes: 4000, ..TopicConfig::default() });
    let role = Role::Leader { epoch: 0, in_sync: 1 };
    let start = PartitionStart { id: ID, config, log, committer: committer.clone(), role };
    let partition = Partition::new(start);
    let broker = BrokerConfig::default();
    let topic = OffsetsTopicConfig { load_bytes: 700, ..broker.offsets_topic.clone() };
    let settings = CoordinatorSettings { groups: Arc::new(groups), topic };
    let image = Arc::new(Image::empty(broker.topic_defaults.clone()));
    let coordinators = Coordinators::new(settings, image);
    let (timers, images) = (coordinators.clone(), coordinators.clone());
    runtime::spawn(async move { timers.run().await });
    runtime::spawn(async move { images.follow_deletions().await });
    coordinators.start(partition.clone());
    let told = coordinators.clone();
    runtime::spawn(async move {
        loop {
            match committer.next_event().await {
                CommitEvent::Written { ends, .. } | CommitEvent::Durable { ends, .. } => {
                    partition.on_ends(ends);
                    told.advanced(ID);
                }
                CommitEvent::Checkpointed { .. } => {}
                CommitEvent::Offline { .. } => {
                    partition.on_failure();
                    told.failed(ID);
                }
            }
        }
    });
    Core { coordinators }
}

impl Core {
    pub async fn loaded(&self) {
        while !self.coordinators.are_loaded() {
            runtime::sleep(Duration::from_micros(50)).await;
        }
    }

    pub fn ask(&self, group: &str, request: Request) -> Asked {
        let (reply, answer) = runtime::reply();
        let caller = Caller { client_id: Arc::from("c"), host: Arc::from("/::1") };
        let ask = GroupAsk { log: ID, group: Arc::from(group), caller, request, reply };
        self.coordinators.ask(ask, |_| GroupError::NotCoordinator);
        answer
    }

    pub async fn offsets(&self, group: &str) -> Offsets {
        let all = FetchOffsets {
            member_id: None,
            member_epoch: -1,
            require_stable: true,
            partitions: None,
        };
        let answer = self.ask(group, Request::FetchOffsets(all)).await.unwrap().unwrap();
        let Answer::FetchOffsets(Ok(fetched)) = answer else { panic!("{answer:?}") };
        let offset = |fetched: &FetchedOffset| {
            let committed = fetched.offset.clone().unwrap().unwrap();
            ((fetched.topic.to_string(), fetched.partition), committed.offset)
        };
        fetched.iter().map(offset).collect()
    }
}

/// A panic ends its task and no more: it has to be asked for.
pub fn no_task_panicked(world: &World) {
    let panics = world.run(async { runtime::core_metrics().task_panics.get() });
    assert_eq!(panics, 0, "tasks panicked");
}
