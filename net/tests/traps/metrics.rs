//! The page of metrics and the health of a real broker, as a scraper meets them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use corelog_engine::record::Codec;
use corelog_net::http::{Kind, SERIES, Series};

use crate::broker::Broker;
use crate::bytes::*;
use crate::groups::coordinated;
use crate::offsets::{NOBODY, commit};

/// A broker with a page, and the port of that.
fn observed(overrides: &[&str]) -> (Broker, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listener = format!("corelog.http.listener=127.0.0.1:{port}");
    (Broker::with(&[overrides, &[&listener]].concat()), port)
}

/// Status and body of a GET.
fn get(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_string())
}

/// Every value of the page, by series with labels.
fn values(port: u16) -> BTreeMap<String, f64> {
    let (status, page) = get(port, "/metrics");
    assert_eq!(status, 200);
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let read = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_string(), value.parse().unwrap())
    };
    lines.map(read).collect()
}

/// The page once a series has reached a value: a request is counted when its answer has left, and
/// that may reach the client sooner than the counter is up.
fn values_at(port: u16, name: &str, value: f64) -> BTreeMap<String, f64> {
    let started = Instant::now();
    loop {
        let values = values(port);
        if values.get(name) == Some(&value) {
            return values;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{name}: {:?}", values.get(name));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The sum of a series over its labels.
fn sum(values: &BTreeMap<String, f64>, name: &str) -> f64 {
    let of = |key: &str| key == name || key.strip_prefix(name).is_some_and(|r| r.starts_with('{'));
    values.iter().filter(|(key, _)| of(key)).map(|(_, value)| value).sum()
}

fn rows() -> impl Iterator<Item = &'static Series> {
    SERIES.iter().copied().flatten()
}

/// The series in the table that a line of the page belongs to.
fn row_of(line: &str) -> Option<&'static Series> {
    let name = line.split(['{', ' ']).next().unwrap();
    let parts: &[&str] = &["", "_bucket", "_sum", "_count"];
    rows().find(|row| {
        let has_parts = matches!(row.kind, Kind::Times | Kind::Sizes | Kind::Summary);
        let suffix = name.strip_prefix(row.name);
        suffix.is_some_and(|suffix| suffix.is_empty() || has_parts && parts.contains(&suffix))
    })
}

#[test]
fn a_broker_that_serves_says_so_and_counts_what_it_was_asked() {
    let (broker, port) = observed(&[]);
    assert_eq!(get(port, "/healthz"), (200, "ok\n".to_string()));
    assert_eq!(get(port, "/readyz"), (200, "ok\n".to_string()));
    assert_eq!(get(port, "/nothing").0, 404);
    let mut client = broker.connect();
    client.metadata("counted", true);
    for _ in 0..20 {
        assert_eq!(client.produce("counted", -1, &batch(Codec::None, 5, 100)).0, 0);
    }
    let values = values_at(port, "corelog_request_seconds_count{request=\"Produce\"}", 20.0);
    assert_eq!(sum(&values, "corelog_appended_batches_total"), 20.0);
    assert_eq!(sum(&values, "corelog_requests_total"), 21.0);
    assert_eq!(sum(&values, "corelog_connections"), 1.0);
    assert_eq!(sum(&values, "corelog_commits_total"), values["corelog_commit_bytes_count"]);
    assert_eq!(values["corelog_commit_batches_sum"], 20.0);
    assert_eq!(sum(&values, "corelog_requests_running"), 0.0);
}

#[test]
fn topics_partitions_and_groups_are_told_as_dashboards_ask_for_them() {
    let (broker, port) = observed(&[]);
    let mut client = coordinated(&broker);
    client.metadata("counted", true);
    let sent = batch(Codec::None, 5, 100);
    for _ in 0..4 {
        assert_eq!(client.produce("counted", -1, &sent).0, 0);
    }
    assert_eq!(client.produce("counted", -1, &sent[..sent.len() - 1]).0, 87, "counts for nothing");
    client.fetch("counted", 0, AT_ONCE);
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "counted", 13), 0);
    let answered = "corelog_request_seconds_count{request=\"OffsetCommit\"}";
    let values = values_at(port, answered, 1.0);
    let bytes = 4.0 * sent.len() as f64;
    let refused = "{request=\"Produce\",error=\"INVALID_RECORD\"}";
    let refused = format!("kafka_network_requestmetrics_errors_total{refused}");
    assert_eq!(values.get(&refused), Some(&1.0));
    for (name, value) in [
        ("kafka_server_brokertopicmetrics_messagesin_total{topic=\"counted\"}", 20.0),
        ("kafka_server_brokertopicmetrics_bytesin_total{topic=\"counted\"}", bytes),
        ("kafka_server_brokertopicmetrics_bytesout_total{topic=\"counted\"}", bytes),
        ("kafka_server_brokertopicmetrics_totalproducerequests_total{topic=\"counted\"}", 4.0),
        ("kafka_server_brokertopicmetrics_totalfetchrequests_total{topic=\"counted\"}", 1.0),
        ("kafka_log_log_size{topic=\"counted\",partition=\"0\"}", bytes),
        ("kafka_topic_partition_current_offset{topic=\"counted\",partition=\"0\"}", 20.0),
        ("kafka_topic_partition_leader{topic=\"counted\",partition=\"0\"}", 1.0),
        ("kafka_network_requestmetrics_requests_total{request=\"Produce\"}", 5.0),
        ("kafka_coordinator_group_groupmetadatamanager_numgroupsempty", 1.0),
        ("kafka_consumergroup_lag{consumergroup=\"g\",topic=\"counted\",partition=\"0\"}", 7.0),
        ("kafka_controller_kafkacontroller_activecontrollercount", 1.0),
        ("kafka_server_replicamanager_underreplicatedpartitions", 0.0),
        ("corelog_page_complete", 1.0),
    ] {
        assert_eq!(values.get(name), Some(&value), "{name}");
    }
    let led = values["kafka_server_replicamanager_leadercount"];
    assert_eq!(
        (led, values["kafka_controller_kafkacontroller_offlinepartitionscount"]),
        (51.0, 0.0)
    );
    assert!(values["kafka_server_brokertopicmetrics_messagesin_total"] >= 21.0, "all topics");
}

#[test]
fn a_page_lists_no_more_partitions_than_it_may() {
    let (broker, port) = observed(&["corelog.metrics.partitions.max=7"]);
    let _client = coordinated(&broker);
    let values = values(port);
    let listed = values.keys().filter(|key| key.starts_with("kafka_log_log_size")).count();
    assert_eq!((listed, values["corelog_partitions_left_out"]), (7, 43.0));
}

#[test]
fn the_page_has_every_series_of_the_table_and_no_other() {
    // Every request stalls its core, so that there are stalls to tell of.
    let (broker, port) = observed(&["corelog.test.failpoint=core.stall"]);
    let mut client = coordinated(&broker);
    client.metadata("counted", true);
    client.produce("counted", -1, &batch(Codec::None, 5, 100));
    assert_eq!(client.produce("nowhere", -1, &batch(Codec::None, 5, 100)).0, 3);
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "counted", 2), 0);
    values_at(port, "corelog_request_seconds_count{request=\"OffsetCommit\"}", 1.0);
    let (_, page) = get(port, "/metrics");
    let mut told = BTreeSet::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        told.insert(row_of(line).unwrap_or_else(|| panic!("not in the table: {line}")).name);
    }
    for row in rows() {
        assert!(told.contains(row.name), "never told: {}", row.name);
        assert!(page.contains(&format!("# HELP {} {}\n", row.name, row.meaning)));
    }
    let values = values(port);
    let stalls: BTreeMap<_, _> =
        values.iter().filter(|(key, _)| key.starts_with("corelog_core_stalls_total")).collect();
    let of = |request: &str| {
        let label = format!("request=\"{request}\"");
        stalls.iter().filter(|(key, _)| key.contains(&label)).map(|(_, value)| **value).sum::<f64>()
    };
    assert!(of("Produce") >= 1.0 && of("Metadata") >= 1.0, "{stalls:?}");
    assert!(stalls.keys().any(|key| key.contains("task=\"listener::open\"")), "{stalls:?}");
    assert!(sum(&values, "corelog_core_stall_seconds_total") > 0.06);
}

#[test]
fn an_address_that_is_taken_or_none_is_said_before_anything_starts() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("127.0.0.1:{}", taken.local_addr().unwrap().port());
    for (address, why) in [(taken.as_str(), "listens there"), ("nonsense", "host:port")] {
        let directory = tempfile::tempdir().unwrap();
        let said = Command::new(env!("CARGO_BIN_EXE_corelog"))
            .args(["serve", "--override", "listeners=PLAINTEXT://127.0.0.1:0"])
            .args(["--override", &format!("corelog.http.listener={address}")])
            .args(["--override", &format!("log.dirs={}", directory.path().display())])
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&said.stderr).into_owned();
        assert_eq!(said.status.code(), Some(1), "{error}");
        assert!(error.contains("corelog.http.listener"), "{error}");
        assert!(error.contains(address) && error.contains(why), "{error}");
    }
}
