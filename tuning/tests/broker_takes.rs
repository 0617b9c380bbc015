//! What `iotune` writes is what the broker takes: the real measurement, on a small scale, through
//! the broker's own reading.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use corelog_engine::config::{BrokerConfig, Given};
use corelog_tune::iotune::{Figures, Plan, ROOM_MIN, choose, measure, properties};

fn measured(folder: &std::path::Path) -> Figures {
    let mut plan = Plan::within(Duration::from_millis(75), ROOM_MIN);
    plan.writers = vec![1, 4];
    measure(folder, &plan, &|_| ()).unwrap()
}

#[test]
fn the_broker_takes_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let figures = measured(folder.path());
    let choice = choose(std::slice::from_ref(&figures), 2).unwrap();
    let text = properties(&[figures], &choice, 2);

    let mut given = Given::default();
    let file = Given::from_file("io.properties", text.as_bytes()).unwrap();
    assert_eq!(file.entries.len(), 3, "{text}");
    given.put_beneath("io.properties", file).unwrap();
    let loaded = BrokerConfig::load(given).unwrap();
    assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
    let config = loaded.config;
    assert_eq!(config.cores.syncs_in_flight, choice.syncs_in_flight);
    assert_eq!(config.cores.write_bytes_max, choice.write_bytes_max);
    assert_eq!(config.cleaner.bytes_per_second, choice.cleaner_bytes_per_second);
}

#[test]
fn every_step_has_a_figure_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let figures = measured(folder.path());
    assert!(figures.sync.count > 0 && figures.sync.p50_us <= figures.sync.p99_us);
    assert_eq!(figures.writes.iter().map(|rate| rate.at).max(), Some(8 << 20));
    assert_eq!(figures.syncs.iter().map(|rate| rate.at).collect::<Vec<_>>(), [1, 4]);
    let rates = figures.writes.iter().chain(&figures.syncs);
    assert!(rates.map(|rate| rate.per_second).all(|rate| rate > 0.0));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
