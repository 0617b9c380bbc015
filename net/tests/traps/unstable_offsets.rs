//! Offsets that a transaction decides about, byte by byte: who asks for stable ones hears of it
//! (KIP-447). Nobody can commit within a transaction here yet; the records are Kafka's.

use corelog_engine::record::BatchHeader;

use crate::broker::Broker;
use crate::bytes::*;
use crate::groups::coordinated;
use crate::offsets::{NOBODY, commit};

const UNSTABLE: i16 = 88;

/// What Apache Kafka 4.3.1 wrote into a partition of `__consumer_offsets` for group `g`, one batch
/// each: offset 5 of t-0, outside of any transaction; offsets 7 of t-0 and 9 of t-1 inside one; the
/// marker that commits it; offset 11 of t-0 in another one; the marker that aborts that.
const BY_KAFKA: &[u8] = include_bytes!("offsets-by-kafka");

/// A broker whose group `g` has the first batches of [`BY_KAFKA`] for a past.
fn after(batches: usize) -> Broker {
    let mut broker = Broker::start();
    drop(coordinated(&broker));
    broker.kill();
    let mut end = 0;
    for _ in 0..batches {
        end += BatchHeader::parse(&BY_KAFKA[end..]).unwrap().size_in_bytes();
    }
    // Java's hash of "g" is 103, and there are 50 partitions.
    let path = broker.log_dir().join("__consumer_offsets-3/00000000000000000000.log");
    std::fs::write(path, &BY_KAFKA[..end]).unwrap();
    broker.kill_and_restart();
    broker
}

/// An offset and its error.
pub type Fetched = (i64, i16);

/// OffsetFetch v7 of partitions 0 to 2 of `t`.
fn fetch_named(client: &mut Client, stable: bool) -> Vec<Fetched> {
    let body = Body::new().compact("g").varint(2).compact("t").varint(4).i32(0).i32(1).i32(2);
    let body = body.no_tags().i8(i8::from(stable)).no_tags();
    let mut reply = client.ask_flexible(OFFSET_FETCH, 7, body);
    assert_eq!((reply.i32(), reply.varint()), (0, 2));
    assert_eq!((reply.compact().as_deref(), reply.varint()), (Some("t"), 4));
    let fetched = (0..3).map(|partition| read_fetched_offset(&mut reply, partition)).collect();
    assert_eq!((reply.varint(), reply.i16(), reply.varint()), (0, 0, 0));
    assert!(reply.is_at_end());
    fetched
}

/// OffsetFetch v8 of all offsets of `g`: the error of the group, and what there is of `t`.
pub fn fetch_all(client: &mut Client, stable: bool) -> (i16, Vec<Fetched>) {
    let body = Body::new().varint(2).compact("g").varint(0).no_tags();
    let mut reply = client.ask_flexible(OFFSET_FETCH, 8, body.i8(i8::from(stable)).no_tags());
    assert_eq!((reply.i32(), reply.varint(), reply.compact().as_deref()), (0, 2, Some("g")));
    let mut fetched = Vec::new();
    for _ in 1..reply.varint() {
        assert_eq!(reply.compact().as_deref(), Some("t"));
        let partitions = 1..reply.varint();
        fetched.extend(partitions.zip(0..).map(|(_, at)| read_fetched_offset(&mut reply, at)));
        assert_eq!(reply.varint(), 0);
    }
    let error = reply.i16();
    assert_eq!((reply.varint(), reply.varint()), (0, 0));
    assert!(reply.is_at_end());
    (error, fetched)
}

fn read_fetched_offset(reply: &mut Reply, partition: i32) -> Fetched {
    assert_eq!(reply.i32(), partition);
    let (offset, _epoch, _note) = (reply.i64(), reply.i32(), reply.compact());
    let error = reply.i16();
    assert_eq!(reply.varint(), 0);
    (offset, error)
}

/// Whether stable offsets are asked for, and what is answered then.
fn expect(client: &mut Client, stable: bool, named: [Fetched; 3], all: &[Fetched]) {
    assert_eq!(fetch_named(client, stable), named, "stable: {stable}");
    assert_eq!(fetch_all(client, stable), (0, all.to_vec()), "stable: {stable}");
}

#[test]
fn an_offset_that_a_transaction_decides_about_is_unstable_for_those_who_ask() {
    const NOTHING: Fetched = (-1, 0);
    const OPEN: Fetched = (-1, UNSTABLE);
    let open = after(2);
    let mut client = coordinated(&open);
    expect(&mut client, false, [(5, 0), NOTHING, NOTHING], &[(5, 0)]);
    // All there is: what the transaction brings for the first time is not there yet.
    expect(&mut client, true, [OPEN, OPEN, NOTHING], &[OPEN]);
    // A commit outside of it goes through, and settles nothing.
    assert_eq!(client.metadata("t", true), 0);
    assert_eq!(commit(&mut client, 2, "g", NOBODY, "t", 6), 0);
    expect(&mut client, false, [(6, 0), NOTHING, NOTHING], &[(6, 0)]);
    expect(&mut client, true, [OPEN, OPEN, NOTHING], &[OPEN]);

    let committed = after(3);
    let mut client = coordinated(&committed);
    let (named, all) = ([(7, 0), (9, 0), NOTHING], [(7, 0), (9, 0)]);
    expect(&mut client, false, named, &all);
    expect(&mut client, true, named, &all);

    let again = after(4);
    let mut client = coordinated(&again);
    expect(&mut client, false, named, &all);
    expect(&mut client, true, [OPEN, (9, 0), NOTHING], &[OPEN, (9, 0)]);

    let aborted = after(5);
    let mut client = coordinated(&aborted);
    expect(&mut client, true, named, &all);
}
