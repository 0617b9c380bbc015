//! The decider: what Kafka answers to the same requests, checked word for word.

use std::sync::Arc;

use uuid::Uuid;

use crate::config::{BrokerConfig, Given};
use crate::controller::*;
use crate::metadata::{BrokerRegistered, Image, MetadataRecord};

fn config(overrides: &[&str]) -> Arc<BrokerConfig> {
    let mut given = Given::default();
    overrides.iter().for_each(|text| given.put(text).unwrap());
    Arc::new(BrokerConfig::load(given).unwrap().config)
}

fn broker(node: i32) -> BrokerRegistered {
    BrokerRegistered {
        node,
        epoch: 0,
        incarnation: Uuid::nil(),
        directories: vec![Uuid::from_u128(201), Uuid::from_u128(202), Uuid::from_u128(203)],
        endpoints: Vec::new(),
        rack: None,
    }
}

fn with(overrides: &[&str], nodes: &[i32]) -> Decider {
    let config = config(overrides);
    let image = Image::empty(config.topic_defaults.clone());
    let mut decider = Decider::new(config, image);
    for node in nodes {
        decider.register(broker(*node), 1);
    }
    decider.take_records();
    decider
}

fn decider() -> Decider {
    with(&[], &[1])
}

fn topic(name: &str) -> NewTopic {
    NewTopic { name: name.to_string(), ..NewTopic::default() }
}

fn sized(name: &str, partitions: i32, replication: i16) -> NewTopic {
    NewTopic { partitions: Some(partitions), replication: Some(replication), ..topic(name) }
}

fn assigned(assignments: &[(i32, &[i32])]) -> NewTopic {
    let assignments = assignments.iter().map(|(number, on)| (*number, on.to_vec())).collect();
    NewTopic { assignments, ..topic("a") }
}

fn set(mut topic: NewTopic, key: &str, value: Option<&str>) -> NewTopic {
    topic.configs.push((key.to_string(), value.map(str::to_string)));
    topic
}

fn create(decider: &mut Decider, topics: &[NewTopic]) -> Vec<Created> {
    let mut last = 1000 + decider.image().topics().len() as u128;
    decider.create_topics(topics, false, &mut || {
        last += 1;
        Uuid::from_u128(last)
    })
}

fn text(decider: &mut Decider, topic: NewTopic) -> String {
    create(decider, &[topic]).remove(0).unwrap_err().to_string()
}

#[test]
fn a_topic_is_one_record_and_led_by_the_node() {
    let mut decider = decider();
    let created = create(&mut decider, &[sized("a", 3, 1)]).remove(0).unwrap();
    assert_eq!((created.partitions.len(), created.replication_factor()), (3, 1));
    for partition in &created.partitions {
        assert_eq!((partition.leader, &partition.isr[..]), (1, &[1][..]));
        assert_eq!((partition.leader_epoch, partition.partition_epoch), (0, 0));
    }
    let records = decider.take_records();
    assert!(matches!(&records[..], [MetadataRecord::Topic(topic)] if topic.id == created.id));
}

#[test]
fn partitions_spread_over_the_log_dirs() {
    let mut decider = decider();
    create(&mut decider, &[sized("a", 4, 1)]);
    create(&mut decider, &[sized("b", 5, 1), sized("c", 3, 1)]);
    let topics = decider.image().topics().flat_map(|topic| &topic.partitions);
    let on: Vec<Uuid> = topics.map(|partition| partition.directory_on(1).unwrap()).collect();
    for directory in broker(1).directories {
        assert_eq!(on.iter().filter(|on| **on == directory).count(), 4);
    }
}

#[test]
fn minus_one_is_what_the_broker_is_set_to() {
    let mut decider = with(&["num.partitions=7", "default.replication.factor=2"], &[1, 2]);
    let created = create(&mut decider, &[topic("a")]).remove(0).unwrap();
    assert_eq!((created.partitions.len(), created.replication_factor()), (7, 2));
}

#[test]
fn numbers_that_make_no_sense_get_kafkas_words() {
    let d = &mut decider();
    let partitions = "Number of partitions was set to an invalid non-positive value.";
    assert_eq!(text(d, sized("a", 0, 1)), partitions);
    assert_eq!(text(d, sized("a", -2, 1)), partitions);
    let factor = "Replication factor must be larger than 0, or -1 to use the default value.";
    assert_eq!(text(d, sized("a", 1, 0)), factor);
    assert_eq!(text(d, sized("a", 0, -5)), factor);
    assert_eq!(
        text(d, sized("a", 1, 2)),
        "Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot \
         be reached because only 1 broker(s) are registered or some brokers have all their log \
         directories cordoned."
    );
    assert_eq!(
        text(&mut with(&[], &[]), sized("a", 1, 1)),
        "Unable to replicate the partition 1 time(s): All brokers are currently fenced, or have \
         all their log directories cordoned."
    );
}

#[test]
fn names_that_are_taken_collide_or_are_invalid_get_kafkas_words() {
    let d = &mut decider();
    create(d, &[topic("a.b")]);
    assert_eq!(text(d, topic("a.b")), "Topic 'a.b' already exists.");
    assert_eq!(text(d, topic("a_b")), "Topic 'a_b' collides with existing topic: a.b");
    assert_eq!(text(d, topic("..")), "Topic name is invalid: '..' is not allowed");
    assert_eq!(
        text(d, topic("__cluster_metadata")),
        "Creation of internal topic __cluster_metadata is prohibited."
    );
}

#[test]
fn a_name_that_stands_twice_is_created_neither_time() {
    let d = &mut decider();
    let made = create(d, &[topic("a"), topic("b"), topic("a")]);
    let duplicate = CreateTopicError::InvalidRequest(CreateRequestError::Duplicate);
    assert_eq!(made[0], Err(duplicate.clone()));
    assert!(made[1].is_ok());
    assert_eq!(made[2], Err(duplicate));
    assert_eq!(d.image().topics().len(), 1);
}

#[test]
fn assignments_are_checked_in_kafkas_words() {
    let d = &mut with(&[], &[1, 2]);
    let manual = "A manual partition assignment was specified, but";
    let both = NewTopic { replication: Some(1), ..assigned(&[(0, &[1])]) };
    assert_eq!(text(d, both), format!("{manual} replication factor was not set to -1."));
    let both = NewTopic { partitions: Some(1), ..assigned(&[(0, &[1])]) };
    assert_eq!(text(d, both), format!("{manual} numPartitions was not set to -1."));
    let includes = "The manual partition assignment includes";
    for (assignments, words) in [
        (
            &[(0, &[1][..]), (0, &[2])][..],
            "Found multiple manual partition assignments for partition 0".to_string(),
        ),
        (&[(0, &[])], format!("{includes} an empty replica list.")),
        (&[(0, &[9])], format!("{includes} broker 9, but no such broker is registered.")),
        (&[(0, &[1, 1])], format!("{includes} the broker 1 more than once.")),
        (
            &[(0, &[1]), (1, &[1, 2])],
            format!(
                "{includes} a partition with 2 replica(s), but this is not consistent with \
                 previous partitions, which have 1 replica(s)."
            ),
        ),
        (
            &[(0, &[1]), (2, &[1])],
            "partitions should be a consecutive 0-based integer sequence".to_string(),
        ),
    ] {
        assert_eq!(text(d, assigned(assignments)), words);
    }
    let created = create(d, &[assigned(&[(1, &[2, 1]), (0, &[1, 2])])]).remove(0).unwrap();
    let leaders: Vec<i32> = created.partitions.iter().map(|partition| partition.leader).collect();
    assert_eq!(leaders, [1, 2]);
}

#[test]
fn settings_are_checked_and_hold() {
    let d = &mut decider();
    let null = set(set(topic("a"), "retention.ms", None), "segment.ms", None);
    assert_eq!(
        text(d, null),
        "Null value not supported for topic configs: retention.ms,segment.ms"
    );
    let words = text(d, set(topic("a"), "retention.ms", Some("soon")));
    assert!(words.contains("retention.ms") && words.contains("soon"), "{words}");
    assert!(text(d, set(topic("a"), "no.such.key", Some("1"))).contains("no.such.key"));
    assert!(text(d, set(topic("a"), "preallocate", Some("true"))).contains("not built yet"));
    let lags = set(topic("a"), "min.compaction.lag.ms", Some("9"));
    let words = text(d, set(lags, "max.compaction.lag.ms", Some("8")));
    assert!(words.contains("not above max.compaction.lag.ms, which is 8"), "{words}");
    let created = create(d, &[set(topic("a"), "retention.ms", Some("77"))]).remove(0).unwrap();
    assert_eq!(created.config.retention_ms, Some(77));
    assert_eq!(created.imported_unsupported, None);
}

#[test]
fn validate_only_answers_the_same_and_decides_nothing() {
    let mut decider = decider();
    let topics = [sized("a", 2, 1), sized("b", 0, 1), set(topic("c"), "flush.ms", Some("9"))];
    let mut new_id = || Uuid::from_u128(5);
    let checked = decider.create_topics(&topics, true, &mut new_id);
    assert_eq!(checked[0].as_ref().unwrap().partitions.len(), 2);
    assert_eq!(checked[1], Err(CreateTopicError::InvalidPartitions));
    assert_eq!(checked[2].as_ref().unwrap().config.flush_ms, 9);
    assert!(decider.take_records().is_empty() && decider.image().topics().len() == 0);
}

#[test]
fn ten_thousand_partitions_a_request_and_not_one_more() {
    let d = &mut decider();
    let refused = create(d, &[sized("a", 9_999, 1), sized("b", 2, 1)]);
    assert_eq!(refused, vec![Err(CreateTopicError::TooManyPartitions); 2]);
    let many = create(d, &[sized("a", i32::MAX, 1)]);
    assert_eq!(many, [Err(CreateTopicError::TooManyPartitions)]);
    assert!(create(d, &[sized("a", 9_999, 1), sized("b", 1, 1)]).iter().all(Result::is_ok));
}

#[test]
fn topics_are_deleted_by_name_or_id_and_answered_one_by_one() {
    let d = &mut decider();
    let ids: Vec<Uuid> = create(d, &[topic("a"), topic("b"), topic("c"), topic("d")])
        .into_iter()
        .map(|created| created.unwrap().id)
        .collect();
    let name = |name: &str| TopicRef::Name(name.to_string());
    let answers = d.delete_topics(&[
        name("a"),
        TopicRef::Id(ids[1]),
        name("c"),
        TopicRef::Id(ids[2]),
        name("d"),
        name("d"),
        name("x"),
        TopicRef::Id(Uuid::from_u128(9)),
        TopicRef::Id(Uuid::nil()),
    ]);
    let told: Vec<Result<&str, DeleteTopicError>> = answers
        .iter()
        .map(|answer| answer.as_ref().map(|topic| &*topic.name).map_err(|e| *e))
        .collect();
    assert_eq!(
        told,
        [
            Ok("a"),
            Ok("b"),
            Err(DeleteTopicError::NameAndId),
            Err(DeleteTopicError::NameAndId),
            Err(DeleteTopicError::DuplicateName),
            Err(DeleteTopicError::DuplicateName),
            Err(DeleteTopicError::UnknownName),
            Err(DeleteTopicError::UnknownId),
            Err(DeleteTopicError::NilId),
        ]
    );
    let left: Vec<&str> = d.image().topics().map(|topic| &*topic.name).collect();
    assert_eq!(left, ["c", "d"]);
    let off = &mut with(&["delete.topic.enable=false"], &[1]);
    create(off, &[topic("a")]);
    assert_eq!(off.delete_topics(&[name("a")]), [Err(DeleteTopicError::Disabled)]);
}

#[test]
fn an_id_that_is_nil_or_in_use_is_never_given() {
    let d = &mut decider();
    let mut ids = [0, 1, 1, 0, 2].map(Uuid::from_u128).into_iter();
    let created = d.create_topics(&[topic("a"), topic("b")], false, &mut || ids.next().unwrap());
    let given: Vec<u128> = created.iter().map(|made| made.as_ref().unwrap().id.as_u128()).collect();
    assert_eq!(given, [1, 2]);
}

#[test]
fn producer_ids_come_in_blocks_that_never_overlap() {
    let d = &mut decider();
    assert_eq!(d.producer_id_block(), Ok(0..1000));
    assert_eq!(d.producer_id_block(), Ok(1000..2000));
    let given = MetadataRecord::ProducerIds(crate::metadata::ProducerIdsGiven { next: i64::MAX });
    assert!(d.decide(given));
    assert_eq!(d.producer_id_block(), Err(ProducerIdError::Exhausted));
}

#[test]
fn a_registration_is_above_all_before_and_raises_what_it_leads() {
    let d = &mut decider();
    create(d, &[topic("a")]);
    assert_eq!(d.register(broker(1), 0), 2);
    assert_eq!(d.register(broker(1), 40), 40);
    let partition = &d.image().topic("a").unwrap().partitions[0];
    assert_eq!((partition.leader_epoch, partition.partition_epoch), (2, 2));
}
