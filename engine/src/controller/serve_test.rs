//! The controller with its files: what was answered survives, what failed says so.

use std::path::Path;
use std::sync::Arc;

use crate::config::{BrokerConfig, Given};
use crate::controller::*;
use crate::metadata::BrokerRegistered;
use crate::runtime::{ScratchDir, run_here, spawn};
use uuid::Uuid;

fn config(dirs: &[&Path], overrides: &[&str]) -> Arc<BrokerConfig> {
    let mut given = Given::default();
    let dirs: Vec<String> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    given.put(&format!("log.dirs={}", dirs.join(","))).unwrap();
    overrides.iter().for_each(|text| given.put(text).unwrap());
    Arc::new(BrokerConfig::load(given).unwrap().config)
}

fn registration(dirs: &LogDirs) -> BrokerRegistered {
    BrokerRegistered {
        node: 1,
        epoch: 0,
        incarnation: Uuid::from_u128(7),
        directories: dirs.dirs.iter().map(|dir| dir.id).collect(),
        endpoints: Vec::new(),
        rack: None,
    }
}

fn topic(name: &str) -> NewTopic {
    NewTopic { name: name.to_string(), partitions: Some(2), ..NewTopic::default() }
}

/// One life of a node; the controller has stopped when it returns.
fn life<F: Future>(
    config: &Arc<BrokerConfig>,
    work: impl FnOnce(ControllerHandle) -> F,
) -> F::Output {
    run_here(async {
        let started = start_controller(config.clone()).await.unwrap();
        let (ended, end) = crate::runtime::reply();
        let serving = spawn(async move { ended.send(started.controller.run().await.is_ok()) });
        let handle = started.handle;
        handle.register(registration(&started.dirs)).await.unwrap();
        let answer = work(handle).await;
        serving.finished().await;
        assert_eq!(end.await, Ok(true));
        answer
    })
}

#[test]
fn what_was_answered_is_there_after_a_restart() {
    let dir = ScratchDir::new();
    let config = config(&[dir.path()], &[]);
    let before = life(&config, async |handle| {
        assert!(handle.create_topics(vec![topic("a"), topic("b")], false).await[0].is_ok());
        let gone = TopicRef::Name("b".to_string());
        assert!(handle.delete_topics(vec![gone]).await[0].is_ok());
        assert_eq!(handle.producer_id_block().await, Ok(0..1000));
        handle.image()
    });
    assert_eq!(before.topics().len(), 1);
    life(&config, async |handle| {
        let image = handle.image();
        assert_eq!(image.cluster_id, before.cluster_id);
        assert_eq!(image.topic("a").unwrap().id, before.topic("a").unwrap().id);
        assert!(image.topic("b").is_none());
        // The start raised them.
        let epochs = |image: &crate::metadata::Image| {
            let partitions = image.topic("a").unwrap().partitions.clone();
            partitions.iter().map(|partition| partition.leader_epoch).collect::<Vec<_>>()
        };
        assert_eq!((epochs(&before), epochs(&image)), (vec![0, 0], vec![1, 1]));
        assert_eq!(handle.producer_id_block().await, Ok(1000..2000));
    });
}

#[test]
fn an_image_is_published_before_its_answer() {
    let dir = ScratchDir::new();
    life(&config(&[dir.path()], &[]), async |handle| {
        let versions = handle.versions();
        let before = *versions.borrow();
        let created = handle.create_topics(vec![topic("a")], false).await.remove(0).unwrap();
        assert!(*versions.borrow() > before);
        assert_eq!(*versions.borrow(), handle.image().version);
        assert!(handle.image().topic_by_id(created.id).is_some());
        let version = handle.image().version;
        handle.create_topics(vec![topic("b")], true).await;
        handle.create_topics(vec![topic("a")], false).await;
        assert_eq!(handle.image().version, version);
    });
}

#[test]
fn requests_that_queue_share_a_frame() {
    let dir = ScratchDir::new();
    let version = life(&config(&[dir.path()], &[]), async |handle| {
        let before = handle.image().version;
        let (answered, mut answers) = crate::runtime::sync::mpsc::unbounded_channel();
        for i in 0..40 {
            let (handle, answered) = (handle.clone(), answered.clone());
            drop(spawn(async move {
                let made = handle.create_topics(vec![topic(&format!("t{i}"))], false).await;
                answered.send(made[0].is_ok()).unwrap();
            }));
        }
        drop(answered);
        let mut made = 0;
        while let Some(ok) = answers.recv().await {
            assert!(ok);
            made += 1;
        }
        assert_eq!(made, 40);
        handle.image().version - before
    });
    assert!(version < 20, "{version} frames for 40 requests");
}

#[test]
fn snapshots_replace_the_log_and_lose_nothing() {
    let dir = ScratchDir::new();
    let config = config(&[dir.path()], &[]);
    let size = |name: &str| std::fs::metadata(dir.path().join(name)).map(|file| file.len());
    let before = life(&config, async |handle| {
        // Each topic of 500 partitions takes some 20 KB.
        for i in 0..120 {
            let topic = NewTopic { partitions: Some(500), ..topic(&format!("t{i}")) };
            assert!(handle.create_topics(vec![topic], false).await[0].is_ok());
        }
        handle.image()
    });
    assert!(size(SNAPSHOT_FILE).unwrap() > 1 << 20);
    assert!(size(LOG_FILE).unwrap() < 2 << 20);
    let after = life(&config, async |handle| handle.image());
    assert!(after.version > before.version);
    let ids = |image: &crate::metadata::Image| {
        image.topics().map(|topic| (topic.name.clone(), topic.id)).collect::<Vec<_>>()
    };
    assert_eq!(ids(&before), ids(&after));
}

#[test]
fn after_a_failed_write_everything_is_refused() {
    let dir = ScratchDir::new();
    let config = config(&[dir.path()], &[]);
    run_here(async {
        let started = start_controller(config).await.unwrap();
        let handle = started.handle;
        let mut controller = started.controller;
        controller.break_log().await;
        let (ended, end) = crate::runtime::reply();
        let serving = spawn(async move { ended.send(controller.run().await.is_err()) });
        let registered = handle.register(registration(&started.dirs)).await;
        assert_eq!(registered, Err(RegisterError::Unavailable));
        assert!(handle.image().broker(1).is_none());
        let made = handle.create_topics(vec![topic("a")], false).await;
        assert_eq!(made, [Err(CreateTopicError::Unavailable)]);
        assert_eq!(handle.producer_id_block().await, Err(ProducerIdError::Unavailable));
        serving.finished().await;
        assert_eq!(end.await, Ok(true));
    });
}
