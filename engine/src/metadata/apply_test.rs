//! Images: what each record does, what it must not do, and that snapshots lose nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::ApplyError;
use crate::config::TopicConfig;
use crate::metadata::*;

fn empty() -> Image {
    Image::empty(Arc::new(TopicConfig::default()))
}

fn partition(replicas: &[NodeId]) -> PartitionState {
    PartitionState {
        replicas: replicas.to_vec(),
        isr: replicas.to_vec(),
        directories: replicas.iter().map(|node| Uuid::from_u128(*node as u128 + 100)).collect(),
        leader: replicas[0],
        leader_epoch: 0,
        partition_epoch: 0,
    }
}

fn topic(name: &str, id: u128, replicas: &[&[NodeId]]) -> MetadataRecord {
    MetadataRecord::Topic(TopicCreated {
        name: name.to_string(),
        id: Uuid::from_u128(id),
        partitions: replicas.iter().map(|replicas| partition(replicas)).collect(),
        configs: BTreeMap::new(),
    })
}

fn with_config(mut record: MetadataRecord, key: &str, value: &str) -> MetadataRecord {
    if let MetadataRecord::Topic(topic) = &mut record {
        topic.configs.insert(key.to_string(), value.to_string());
    }
    record
}

fn broker(node: NodeId, epoch: i64) -> MetadataRecord {
    MetadataRecord::Broker(BrokerRegistered {
        node,
        epoch,
        incarnation: Uuid::from_u128(epoch as u128),
        directories: vec![Uuid::from_u128(7)],
        endpoints: vec![Endpoint {
            name: "PLAINTEXT".to_string(),
            host: "::1".to_string(),
            port: 9092,
            security: 0,
        }],
        rack: None,
    })
}

fn deleted(id: u128) -> MetadataRecord {
    MetadataRecord::TopicDeleted(TopicDeleted { id: Uuid::from_u128(id) })
}

fn applied(records: &[MetadataRecord]) -> Image {
    let mut image = empty();
    records.iter().for_each(|record| image.apply(record).unwrap());
    image
}

#[test]
fn a_topic_is_found_by_name_and_by_id_until_it_is_deleted() {
    let mut image = applied(&[topic("a", 1, &[&[0], &[0]]), topic("b", 2, &[&[0]])]);
    let by_name = image.topic("a").unwrap();
    assert!(Arc::ptr_eq(by_name, image.topic_by_id(Uuid::from_u128(1)).unwrap()));
    let log = LogId { topic: by_name.id, partition: 1 };
    assert_eq!(image.partition(log).unwrap().directory_on(0), Some(Uuid::from_u128(100)));
    assert_eq!(image.partition(LogId { partition: 2, ..log }), None);
    assert_eq!(image.partition(LogId { partition: -1, ..log }), None);

    image.apply(&deleted(1)).unwrap();
    assert!(image.topic("a").is_none() && image.partition(log).is_none());
    image.apply(&topic("a", 3, &[&[0]])).unwrap();
    assert_eq!(image.topic("a").unwrap().id, Uuid::from_u128(3));
}

#[test]
fn a_registration_raises_the_epochs_of_what_the_broker_leads_and_of_nothing_else() {
    let mut image = applied(&[topic("a", 1, &[&[0, 1], &[1, 0]]), topic("b", 2, &[&[1]])]);
    let other = image.topic("b").unwrap().clone();
    image.apply(&broker(0, 1)).unwrap();
    let topic = image.topic("a").unwrap();
    assert_eq!(topic.partitions[0].leader_epoch, 1);
    assert_eq!(topic.partitions[0].partition_epoch, 1);
    assert_eq!(topic.partitions[1].leader_epoch, 0);
    assert!(Arc::ptr_eq(topic, image.topic_by_id(topic.id).unwrap()));
    assert!(Arc::ptr_eq(&other, image.topic("b").unwrap()));
}

#[test]
fn images_that_were_handed_out_never_change() {
    let mut image = applied(&[topic("a", 1, &[&[0]]), broker(0, 1)]);
    let before = image.clone();
    image.apply(&broker(0, 2)).unwrap();
    image.apply(&topic("b", 2, &[&[0]])).unwrap();
    image.apply(&deleted(1)).unwrap();
    assert_eq!(before, applied(&[topic("a", 1, &[&[0]]), broker(0, 1)]));
    assert_ne!(before, image);
}

#[test]
fn records_that_do_not_fit_change_nothing() {
    let records = [topic("a", 1, &[&[0]]), broker(0, 5)];
    let mut image = applied(&records);
    image.apply(&MetadataRecord::ProducerIds(ProducerIdsGiven { next: 1000 })).unwrap();
    let before = image.clone();
    let mut refuse = |record: MetadataRecord, error: ApplyError| {
        assert_eq!(image.apply(&record), Err(error));
        assert_eq!(image, before);
    };
    refuse(topic("a", 2, &[&[0]]), ApplyError::NameTaken("a".to_string()));
    let id = Uuid::from_u128(1);
    refuse(topic("b", 1, &[&[0]]), ApplyError::IdTaken { name: "b".to_string(), id });
    refuse(topic("b", 2, &[]), ApplyError::NoTopic("b".to_string()));
    refuse(topic("b", 0, &[&[0]]), ApplyError::NoTopic("b".to_string()));
    refuse(deleted(2), ApplyError::UnknownTopic(Uuid::from_u128(2)));
    refuse(broker(0, 5), ApplyError::OldRegistration { node: 0, epoch: 5, known: 5 });
    let lower = MetadataRecord::ProducerIds(ProducerIdsGiven { next: 999 });
    refuse(lower, ApplyError::ProducerIdsFall { from: 1000, to: 999 });
}

#[test]
fn a_snapshot_gives_the_same_image_and_survives_being_bytes() {
    let mut image = applied(&[
        MetadataRecord::Cluster(ClusterNamed { cluster_id: "AAAAAAAAAAAAAAAAAAAAAQ".to_string() }),
        broker(3, 9),
        with_config(topic("a.b", 1, &[&[3, 4], &[4, 3]]), "retention.ms", "5"),
        topic("z", 2, &[&[3]]),
        broker(3, 10),
        MetadataRecord::ProducerIds(ProducerIdsGiven { next: 7000 }),
    ]);
    image.version = 17;
    let bytes = encode_records(&image.to_records());
    assert_eq!(applied(&decode_records(&bytes).unwrap()), image);
}

#[test]
fn bytes_that_are_no_records_are_refused() {
    let bytes = encode_records(&[deleted(1), broker(0, 1)]);
    assert_eq!(decode_records(&bytes[..1]), Err(RecordBytesError::Torn));
    for cut in 2..bytes.len() {
        let whole = cut == encode_records(&[deleted(1)]).len();
        assert_eq!(decode_records(&bytes[..cut]).is_ok(), whole, "cut at {cut}");
    }
    let newer = RecordBytesError::Unknown { tag: 3, version: 1 };
    assert_eq!(decode_records(&[3, 1, 0]), Err(newer));
}

#[test]
fn what_is_on_disk_never_changes_its_meaning() {
    // Written by the first release; these bytes stand in metadata logs.
    let given = MetadataRecord::ProducerIds(ProducerIdsGiven { next: 1000 });
    assert_eq!(encode_records(&[given]), [5, 0, 0xd0, 0x0f]);
    let mut expected = vec![4, 0, 16];
    expected.extend(Uuid::from_u128(1).as_bytes());
    assert_eq!(encode_records(&[deleted(1)]), expected);
    let mut expected = vec![3, 0, 1, b'a', 16];
    expected.extend(Uuid::from_u128(2).as_bytes());
    // One partition: replicas [0], isr [0], one directory, leader 0, epochs 0 and 0; no settings.
    expected.extend([1, 1, 0, 1, 0, 1, 16]);
    expected.extend(Uuid::from_u128(100).as_bytes());
    expected.extend([0, 0, 0, 0]);
    assert_eq!(encode_records(&[topic("a", 2, &[&[0]])]), expected);
}

#[test]
fn a_policy_that_is_not_obeyed_keeps_everything() {
    let kept = with_config(topic("c", 1, &[&[0]]), "remote.storage.enable", "true");
    let image = applied(&[kept, with_config(topic("d", 2, &[&[0]]), "retention.ms", "5")]);
    let topic = image.topic("c").unwrap();
    assert!(topic.imported_unsupported.as_ref().unwrap().contains("remote.storage.enable"));
    let topic = image.topic("d").unwrap();
    assert_eq!((topic.imported_unsupported.clone(), topic.config.retention_ms), (None, Some(5)));
}

#[test]
fn the_brokers_own_topics_are_synced_before_each_answer_and_need_no_more_copies_than_they_have() {
    let loose = TopicConfig { flush_messages: 9, min_insync_replicas: 3, ..TopicConfig::default() };
    let mut image = Image::empty(Arc::new(loose));
    image.apply(&topic("a", 1, &[&[0, 1]])).unwrap();
    image.apply(&topic(GROUP_METADATA_TOPIC, 2, &[&[0, 1]])).unwrap();
    let set = |name: &str| {
        let config = &image.topic(name).unwrap().config;
        (config.flush_messages, config.min_insync_replicas)
    };
    assert_eq!((set("a"), set(GROUP_METADATA_TOPIC)), ((9, 3), (1, 2)));
}

#[test]
fn topics_without_settings_share_the_defaults() {
    let image = applied(&[topic("a", 1, &[&[0]]), topic("b", 2, &[&[0]])]);
    assert!(image.topics().all(|topic| Arc::ptr_eq(&topic.config, &image.defaults)));
}

#[test]
fn colliding_names_are_found() {
    let image = applied(&[topic("a.b", 1, &[&[0]]), topic("ab", 2, &[&[0]])]);
    assert_eq!(&*image.colliding("a_b").unwrap().name, "a.b");
    assert!(image.colliding("ab").is_none() && image.colliding("a-b").is_none());
}

#[test]
fn acks_all_never_needs_more_replicas_than_there_are() {
    let image = applied(&[topic("a", 1, &[&[0, 1, 2]])]);
    let mut partition = image.topic("a").unwrap().partitions[0].clone();
    assert_eq!([-1, 0, 1, 2, 9].map(|min| partition.min_isr(min)), [1, 1, 1, 2, 3]);
    partition.isr = vec![0];
    assert!(partition.is_under_min_isr(2) && !partition.is_under_min_isr(1));
}
