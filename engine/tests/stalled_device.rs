//! A stalled device delays only the acknowledgements of its own log dir: other log dirs, reads of
//! what is in memory and timers of the same core go on. In the simulated world, so that a stall
//! of two seconds takes no time and is seen exactly.
#![cfg(simulated)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_engine::commit::{CommitEvent, Committer, CommitterSettings};
use corelog_engine::config::TopicConfig;
use corelog_engine::log::{Log, OpenFrom};
use corelog_engine::metadata::LogId;
use corelog_engine::metrics::CoreMetrics;
use corelog_engine::partition::{
    Acks, AppendAnswers, AppendGroup, AppendPart, FetchPart, Isolation, Partition, PartitionStart,
    Role,
};
use corelog_engine::record::{BatchBuilder, BatchHeader, Codec};
use corelog_engine::runtime::simulated::World;
use corelog_engine::runtime::{self, Answer, Mono, now};
use uuid::Uuid;

const STALL: Duration = Duration::from_secs(2);
const SOON: Duration = Duration::from_millis(100);

/// A log dir with one partition.
struct Dir {
    path: PathBuf,
    partition: Rc<Partition>,
    id: LogId,
}

impl Dir {
    async fn open(path: &str, topic: u128) -> Dir {
        let id = LogId { topic: Uuid::from_u128(topic), partition: 0 };
        let path = Path::new(path).join("events-0");
        let config = Arc::new(TopicConfig::default());
        let from =
            OpenFrom { clean: false, recovery_point: 0, log_start: 0, ..OpenFrom::default() };
        let (log, _) = Log::open(&path, id, config.as_ref(), from, &|_| ()).await.unwrap();
        let settings = CommitterSettings {
            in_flight_max: 4,
            write_bytes_max: 8 << 20,
            queued_bytes_max: 1 << 20,
            reserve_bytes: 0,
            one_step_bytes_max: 64 << 10,
            unchecked_bytes_max: 1 << 20,
            skip_sync: false,
        };
        let committer = Committer::new(settings, Arc::new(CoreMetrics::default()));
        committer.adopt(id, log.clone(), 1);
        let role = Role::Leader { epoch: 1, in_sync: 1 };
        let start = PartitionStart { id, config, log, committer: committer.clone(), role };
        let partition = Partition::new(start);
        let told = partition.clone();
        runtime::spawn(async move {
            loop {
                if let CommitEvent::Written { ends, .. } | CommitEvent::Durable { ends, .. } =
                    committer.next_event().await
                {
                    told.on_ends(ends);
                }
            }
        });
        Dir { path, partition, id }
    }

    /// Appends one record; the answer comes when it is durable.
    fn produce(&self) -> Answer<AppendAnswers> {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.push(runtime::wall(), None, Some(b"value"));
        let batch = builder.finish().unwrap();
        let header = BatchHeader::parse(&batch).unwrap();
        let part = AppendPart { index: 0, log: self.id, header, batch };
        let (reply, answer) = runtime::reply();
        let group = AppendGroup::new(vec![0], reply);
        let pending = self.partition.append(part, Acks::All).unwrap();
        self.partition.wait(pending, Acks::All, 0, &group);
        answer
    }

    /// Bytes that a consumer gets from offset 0 on.
    async fn fetch(&self) -> u64 {
        let part = FetchPart {
            index: 0,
            log: self.id,
            offset: 0,
            bytes_max: 1 << 20,
            current_leader_epoch: None,
            last_fetched_epoch: None,
        };
        let fetched = self.partition.fetch(&part, Isolation::ReadUncommitted, 1 << 20, true).await;
        fetched.unwrap().bytes
    }
}

async fn took<T>(since: Mono, work: impl Future<Output = T>) -> (Duration, T) {
    let done = work.await;
    (now().since(since), done)
}

#[test]
fn a_stalled_device_delays_only_the_acks_of_its_own_log_dir() {
    for seed in 0..50 {
        let world = World::new(seed);
        let (slow, quick) = world.run(async {
            let (slow, quick) = (Dir::open("/slow", 1).await, Dir::open("/quick", 2).await);
            assert!(slow.produce().await.unwrap()[0].1.is_ok());
            (slow, quick)
        });
        world.stall(Path::new("/slow"), STALL);
        world.run(async {
            let start = now();
            let waits = slow.produce();
            for _ in 0..10 {
                let (time, answers) = took(now(), quick.produce()).await;
                assert!(answers.unwrap()[0].1.is_ok());
                assert!(time < SOON, "another log dir's produce took {time:?}, seed {seed}");
            }
            let (time, bytes) = took(now(), slow.fetch()).await;
            assert!(bytes > 0, "what was durable can be read from {}", slow.path.display());
            assert!(time < SOON, "a read of the tail took {time:?}, seed {seed}");
            let (time, ()) = took(now(), runtime::sleep(Duration::from_millis(10))).await;
            assert!(time < SOON, "a timer took {time:?}, seed {seed}");
            assert!(now().since(start) < STALL / 2, "the stall is still on");
            let (time, answers) = took(start, waits).await;
            assert!(answers.unwrap()[0].1.is_ok());
            assert!(time >= STALL, "acknowledged before its flush ended, seed {seed}");
        });
    }
}
