//! Order, waiting, silence, and memory.

use std::io::Write;
use std::time::{Duration, Instant};

use corelog_engine::record::Codec;

use crate::broker::Broker;
use crate::bytes::*;

#[test]
fn acks_0_is_never_answered_and_its_errors_close_the_connection() {
    let broker = Broker::start();
    let mut client = broker.connect();
    assert_eq!(client.metadata("t", true), 0);
    let batch = batch(Codec::None, 1, 100);
    for _ in 0..50 {
        client.send(PRODUCE, 7, produce_body("t", 0, &batch));
    }
    assert_eq!(client.produce("t", 1, &batch), (0, 50, -1), "the first answer is to the last");
    client.send(PRODUCE, 7, produce_body("nowhere", 0, &batch));
    assert!(client.is_closed());
}

#[test]
fn many_requests_in_flight_are_answered_in_order_and_appended_in_order() {
    let broker = Broker::start();
    let mut client = broker.connect();
    assert_eq!(client.metadata("t", true), 0);
    let batch = batch(Codec::None, 1, 100);
    let asked: Vec<i32> =
        (0..300).map(|_| client.send(PRODUCE, 7, produce_body("t", -1, &batch))).collect();
    for (offset, correlation) in asked.into_iter().enumerate() {
        let mut reply = client.receive().unwrap();
        assert_eq!(reply.i32(), correlation);
        reply.i32();
        reply.text();
        assert_eq!((reply.i32(), reply.i32(), reply.i16()), (1, 0, 0));
        assert_eq!(reply.i64(), offset as i64);
    }
}

#[test]
fn a_fetch_waits_for_records_and_is_woken_by_them() {
    let broker = Broker::start();
    let (mut reader, mut writer) = (broker.connect(), broker.connect());
    assert_eq!(writer.metadata("t", true), 0);
    let wait = Limits { wait_ms: 10_000, min_bytes: 1, max_bytes: 1 << 20 };
    let correlation = reader.send(FETCH, 4, fetch_body("t", 0, wait));
    std::thread::sleep(Duration::from_millis(300));
    let produced = Instant::now();
    assert_eq!(writer.produce("t", -1, &batch(Codec::None, 3, 10)).0, 0);
    let mut reply = reader.receive().unwrap();
    assert_eq!(reply.i32(), correlation);
    let (error, high_watermark, records) = read_fetched(&mut reply);
    assert_eq!((error, high_watermark), (0, 3));
    assert!(!records.is_empty());
    assert!(produced.elapsed() < Duration::from_secs(3));
    let short = Limits { wait_ms: 200, ..wait };
    let began = Instant::now();
    assert_eq!(reader.fetch("t", 3, short), (0, 3, vec![]));
    assert!(began.elapsed() >= Duration::from_millis(190), "it waited in vain");
}

#[test]
fn promises_of_100_mib_by_500_connections_take_no_memory() {
    let broker = Broker::start();
    let before = broker.resident();
    let promise = Body::new().i32(100 << 20).i16(METADATA).i16(1).i32(1).raw(&[0; 2000]).0;
    let mut clients: Vec<Client> = (0..500).map(|_| broker.connect()).collect();
    for client in &mut clients {
        client.stream.write_all(&promise).unwrap();
    }
    std::thread::sleep(Duration::from_millis(500));
    let taken = broker.resident().saturating_sub(before);
    assert!(taken < 64 << 20, "{taken} bytes for 500 promises");
    assert_eq!(broker.connect().metadata("t", true), 0, "others are served meanwhile");
}

#[test]
fn a_stalled_frame_is_cut() {
    let broker = Broker::start();
    let mut client = broker.connect();
    client.stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    client.stream.write_all(&[0, 0, 1, 0, 0, 3]).unwrap();
    let began = Instant::now();
    assert!(client.is_closed());
    assert!(began.elapsed() < Duration::from_secs(35));
}

#[test]
fn an_idle_connection_is_closed_after_the_time_that_is_set() {
    let broker = Broker::with(&["connections.max.idle.ms=1000"]);
    let mut client = broker.connect();
    assert!(client.is_closed());
}

#[test]
fn one_address_may_open_no_more_connections_than_it_is_allowed() {
    let broker = Broker::with(&["max.connections.per.ip=3"]);
    // The look at the port may still count. One after the other, because each core accepts for
    // itself: of several at once any may be the one too many.
    let mut admitted: Vec<Client> = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(10);
    while admitted.len() < 3 {
        assert!(Instant::now() < deadline, "three connections of one address");
        let mut client = broker.connect();
        client.send(API_VERSIONS, 0, Body::new());
        if client.receive().is_some() {
            admitted.push(client);
        }
    }
    assert!(broker.connect().is_closed());
}
