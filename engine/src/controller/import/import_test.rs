//! Taking over metadata that Apache Kafka 4.3.1 wrote.
//!
//! `fixture/` is what a node with two log dirs left after an orderly stop. In order: topics `plain`
//! (4 partitions), `gone`, `again` (3), `compacted`, `altered` with retention.ms and
//! max.message.bytes; retention.ms altered, segment.ms added, max.message.bytes removed; dynamic
//! settings of broker 1 and of all brokers; a SCRAM user, a quota, an ACL; `gone` and `again`
//! deleted, `again` created anew with 1 partition; an idempotent producer, a consumer group;
//! `plain` grown to 5 partitions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use uuid::Uuid;

use super::batches::{BadBatches, read, read_snapshot};
use super::cluster::KafkaCluster;
use super::convert::{Here, ImportRefused, convert};
use super::files::{ImportError, ImportFrom, import};
use super::kafka_record::{BadRecord, KafkaRecord, TransactionStep, decode};
use crate::metadata::{MetadataRecord, TopicCreated, parse_uuid};
use crate::runtime::{Directory, ScratchDir, run_here};

const LOG: &[u8] = include_bytes!("fixture/00000000000000000000.log");
const OLDER: &[u8] = include_bytes!("fixture/00000000000000000092-0000000001.checkpoint");
const NEWER: &[u8] = include_bytes!("fixture/00000000000000000173-0000000001.checkpoint");
const BOOTSTRAP: &[u8] = include_bytes!("fixture/bootstrap.checkpoint");

const LOG_NAME: &str = "00000000000000000000.log";
const OLDER_NAME: &str = "00000000000000000092-0000000001.checkpoint";
const NEWER_NAME: &str = "00000000000000000173-0000000001.checkpoint";

fn id(text: &str) -> Uuid {
    parse_uuid(text).unwrap()
}

fn dir_1() -> Uuid {
    id("uS3C3ACY62HFvRGmbnsOwQ")
}

fn dir_2() -> Uuid {
    id("9u-gZzxXdYoMn3Sul3-nrw")
}

fn here() -> Here {
    let directories = vec![(dir_1(), BTreeSet::new()), (dir_2(), BTreeSet::new())];
    Here { cluster_id: "4L6g3nShT-eMCtK--X86sw".to_string(), node: 1, directories }
}

fn cluster(snapshot: Option<(&[u8], i64)>) -> KafkaCluster {
    let mut cluster = KafkaCluster::default();
    let from = snapshot.map_or(0, |(bytes, end)| {
        cluster.take(read_snapshot(bytes).unwrap()).unwrap();
        end
    });
    cluster.take(read(LOG, 0, from).unwrap().records).unwrap();
    cluster
}

fn topics(records: &[MetadataRecord]) -> BTreeMap<&str, &TopicCreated> {
    let topics = records.iter().filter_map(|record| match record {
        MetadataRecord::Topic(topic) => Some((topic.name.as_str(), topic)),
        _ => None,
    });
    topics.collect()
}

fn written(dir: &Path, files: &[(&str, &[u8])]) -> ImportFrom {
    let path = dir.join("__cluster_metadata-0");
    std::fs::create_dir_all(&path).unwrap();
    for (name, bytes) in files {
        std::fs::write(path.join(name), bytes).unwrap();
    }
    ImportFrom::Log(path)
}

/// Imports a directory with these files, for a node with the fixture's two log dirs.
fn imported(files: &[(&str, &[u8])]) -> Result<super::Imported, ImportError> {
    let (first, second) = (ScratchDir::new(), ScratchDir::new());
    let from = written(first.path(), files);
    run_here(async {
        let dirs = [
            (dir_1(), Directory::open(first.path()).await.unwrap()),
            (dir_2(), Directory::open(second.path()).await.unwrap()),
        ];
        import(&from, "4L6g3nShT-eMCtK--X86sw", 1, &dirs).await
    })
}

#[test]
fn topics_come_over_with_ids_partitions_log_dirs_and_settings() {
    let records = convert(&cluster(None), &here()).unwrap();
    let topics = topics(&records);
    let names: Vec<&str> = topics.keys().copied().collect();
    assert_eq!(names, ["__consumer_offsets", "again", "altered", "compacted", "plain"]);
    let ids = ["again", "altered", "compacted", "plain"].map(|name| topics[name].id);
    let by_kafka = [
        "oPPCnW6mT5iiN2bMVWeCNQ",
        "Y_mMnyobTK-l_yVbkzQVyg",
        "DnEbXXKsTNqE4pd6XHC28Q",
        "bb-ioFpiSrmthIQOKz6pgA",
    ];
    assert_eq!(ids, by_kafka.map(id));
    let dirs: Vec<Uuid> = topics["plain"].partitions.iter().map(|p| p.directories[0]).collect();
    assert_eq!(dirs, [dir_2(), dir_1(), dir_2(), dir_1(), dir_1()]);
    let configs = |name: &str| {
        let configs = topics[name].configs.iter();
        configs.map(|(key, value)| (key.as_str(), value.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(configs("altered"), [("retention.ms", "7000"), ("segment.ms", "999999")]);
    assert_eq!(configs("again"), [("min.insync.replicas", "1")]);
    assert_eq!(configs("compacted"), [("cleanup.policy", "compact")]);
    assert_eq!(configs("plain"), []);
}

#[test]
fn a_partition_without_leader_is_led_here_and_keeps_its_epoch() {
    let records = convert(&cluster(None), &here()).unwrap();
    for partition in topics(&records).values().flat_map(|topic| &topic.partitions) {
        assert_eq!((&partition.isr[..], partition.leader), (&[1][..], 1));
        // The orderly stop took the lead away: Kafka counts that as an epoch.
        assert_eq!(partition.leader_epoch, 1);
    }
    assert!(
        records.contains(&MetadataRecord::ProducerIds(crate::metadata::ProducerIdsGiven {
            next: 1000
        }))
    );
}

#[test]
fn every_snapshot_with_the_log_behind_it_says_what_the_whole_log_says() {
    let whole = convert(&cluster(None), &here()).unwrap();
    for snapshot in [(OLDER, 92), (NEWER, 173)] {
        assert_eq!(convert(&cluster(Some(snapshot)), &here()).unwrap(), whole);
        assert_eq!(cluster(Some(snapshot)).left, cluster(None).left);
        assert_eq!(cluster(Some(snapshot)).other_configs, cluster(None).other_configs);
    }
    let files: [&[(&str, &[u8])]; 3] = [
        &[(LOG_NAME, LOG)],
        &[(LOG_NAME, LOG), (OLDER_NAME, OLDER)],
        &[(LOG_NAME, LOG), (OLDER_NAME, OLDER), (NEWER_NAME, NEWER)],
    ];
    for files in files {
        assert_eq!(imported(files).unwrap().records, whole);
    }
}

#[test]
fn what_is_not_imported_is_listed() {
    let report = imported(&[(LOG_NAME, LOG), (NEWER_NAME, NEWER)]).unwrap().report;
    assert_eq!((report.topics, report.partitions), (5, 11));
    assert_eq!((report.topic_settings, report.next_producer_id), (7, 1000));
    assert_eq!(
        report.not_imported,
        [
            "ACLs: 1",
            "SCRAM credentials of users: 1",
            "client quotas: 1",
            "dynamic setting log.retention.ms of all brokers: set it in server.properties",
            "dynamic setting min.insync.replicas of all brokers: set it in server.properties",
            "dynamic setting log.cleaner.threads of 1: set it in server.properties",
            "consumer groups and their offsets: the records in __consumer_offsets are kept and \
             not read",
        ]
    );
}

#[test]
fn a_directory_that_was_only_formatted_is_an_empty_cluster() {
    let dir = ScratchDir::new();
    let path = dir.path().join("bootstrap.checkpoint");
    std::fs::write(&path, BOOTSTRAP).unwrap();
    let records = run_here(async {
        let dirs = [(dir_1(), Directory::open(dir.path()).await.unwrap())];
        import(&ImportFrom::Bootstrap(path), "x", 1, &dirs).await.unwrap().records
    });
    assert_eq!(topics(&records).len(), 0);
}

#[test]
fn a_torn_end_is_read_over_and_counted() {
    let whole = read(LOG, 0, 0).unwrap();
    for cut in [9, 60, 71] {
        let content = read(&LOG[..LOG.len() - cut], 0, 0).unwrap();
        assert!(content.torn_bytes > 0 && content.next < whole.next);
        let zeroed = [&LOG[..LOG.len() - cut], &vec![0; cut]].concat();
        assert_eq!(read(&zeroed, 0, 0).unwrap().next, content.next);
    }
    let torn = imported(&[(LOG_NAME, &LOG[..LOG.len() - 1])]).unwrap();
    assert_eq!(torn.report.torn_bytes, 71);
}

#[test]
fn damage_before_the_end_is_refused_with_its_file_and_position() {
    let mut damaged = LOG.to_vec();
    damaged[540] ^= 1;
    let error = imported(&[(LOG_NAME, &damaged)]).unwrap_err().to_string();
    assert!(error.ends_with(".log, position 493: a record batch is damaged"), "{error}");
    let mut damaged = NEWER.to_vec();
    damaged[100] ^= 1;
    let error = imported(&[(LOG_NAME, LOG), (NEWER_NAME, &damaged)]).unwrap_err().to_string();
    assert!(error.ends_with(".checkpoint, position 83: a record batch is damaged"), "{error}");
    let cut = &NEWER[..NEWER.len() - 75];
    let error = imported(&[(LOG_NAME, LOG), (NEWER_NAME, cut)]).unwrap_err().to_string();
    assert!(error.ends_with(".checkpoint, the snapshot has no end"), "{error}");
}

#[test]
fn missing_files_are_refused() {
    let named = |files: &[(&str, &[u8])]| imported(files).unwrap_err().to_string();
    assert!(named(&[]).ends_with("no file holds the metadata from offset 0 on"));
    let late = "00000000000000000200.log";
    assert!(named(&[(NEWER_NAME, NEWER), (late, b"")]).ends_with("from offset 173 on"));
    assert!(named(&[(NEWER_NAME, NEWER)]).ends_with("from offset 173 on"));
    let hole = [(LOG_NAME, LOG), ("00000000000000000300.log", &b""[..])];
    assert!(named(&hole).ends_with("no file holds the metadata from offset 205 on"));
}

#[test]
fn a_cluster_of_several_brokers_is_refused() {
    let here = Here { node: 2, ..here() };
    let refused = convert(&cluster(None), &here).unwrap_err();
    assert!(matches!(refused, ImportRefused::OtherBrokers { node: 2, ref replicas, .. }
        if *replicas == [1]));
}

#[test]
fn a_log_dir_that_is_not_here_is_refused_unless_the_partition_is_elsewhere() {
    let mut one = here();
    one.directories.pop();
    let refused = convert(&cluster(None), &one).unwrap_err();
    assert!(matches!(refused, ImportRefused::Directory { directory, .. } if directory == dir_2()));
    let all = ["__consumer_offsets-1", "altered-1", "compacted-0", "plain-0", "plain-2"];
    one.directories[0].1.extend(all.map(str::to_string));
    let records = convert(&cluster(None), &one).unwrap();
    for topic in topics(&records).values() {
        assert!(topic.partitions.iter().all(|partition| partition.directories == [dir_1()]));
    }
}

#[test]
fn transactions_count_together_or_not_at_all() {
    let topic = |n: u128| KafkaRecord::Topic { name: n.to_string(), id: Uuid::from_u128(n) };
    let step = KafkaRecord::Transaction;
    let mut cluster = KafkaCluster::default();
    cluster.take(vec![step(TransactionStep::Begin), topic(1)]).unwrap();
    assert_eq!(cluster.topics.len(), 0);
    cluster.take(vec![step(TransactionStep::End)]).unwrap();
    assert_eq!(cluster.topics.len(), 1);
    let aborted = vec![step(TransactionStep::Begin), topic(2), step(TransactionStep::Abort)];
    cluster.take(aborted).unwrap();
    assert_eq!(cluster.topics.len(), 1);
    assert!(cluster.take(vec![step(TransactionStep::End)]).is_err());
}

#[test]
fn records_of_a_newer_kafka_and_broken_ones_are_refused() {
    assert_eq!(decode(&[2, 2, 0]), Err(BadRecord::FrameVersion(2)));
    assert_eq!(decode(&[1, 29, 0]), Err(BadRecord::Unknown { kind: 29, version: 0 }));
    assert_eq!(decode(&[1, 2, 1]), Err(BadRecord::Unknown { kind: 2, version: 1 }));
    assert!(matches!(decode(&[1]), Err(BadRecord::Head(_))));
    // A name of 2^28 bytes in a record of 9.
    let long = [1, 2, 0, 0xff, 0xff, 0xff, 0x7f, b'a', b'b'];
    assert!(matches!(decode(&long), Err(BadRecord::Fields { kind: 2, .. })));
}

#[test]
fn no_bytes_make_the_decoder_panic() {
    let mut rng = crate::runtime::Rng::seeded(7);
    let content = read(LOG, 0, 0).unwrap();
    assert!(content.records.len() > 100);
    for _ in 0..20_000 {
        let mut bytes = vec![0; rng.below(60) as usize];
        rng.fill(&mut bytes);
        let kind = rng.below(30) as u8;
        let value = [&[1, kind, 0][..], &bytes].concat();
        drop(decode(&value));
    }
    for at in (0..LOG.len()).step_by(7) {
        let mut damaged = LOG.to_vec();
        damaged[at] ^= 1 << (at % 8);
        assert!(
            !matches!(read(&damaged, 0, 0), Err(BadBatches::Record { .. })),
            "a flipped bit at {at} got past the checksum"
        );
    }
}
