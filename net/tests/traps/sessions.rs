//! Fetch sessions (KIP-227): what a client leaves out, what the broker leaves out, and every way in
//! which the two may disagree.

use std::time::{Duration, Instant};

use corelog_engine::record::Codec;

use crate::broker::Broker;
use crate::bytes::*;

/// One Fetch request in a session, v7.
#[derive(Clone, Copy)]
struct Ask<'a> {
    session: (i32, i32),
    limits: Limits,
    /// Topics whose partition 0 is read, from which offset.
    read: &'a [(&'a str, i64)],
    forget: &'a [&'a str],
}

const ASK: Ask = Ask { session: (0, 0), limits: AT_ONCE, read: &[], forget: &[] };

/// What came back: error, session id, and of each topic the error and the bytes of records.
type Told = (i16, i32, Vec<(String, i16, usize)>);

fn body(ask: Ask) -> Body {
    let Limits { wait_ms, min_bytes, max_bytes } = ask.limits;
    let (session, epoch) = ask.session;
    let mut body = Body::new().i32(-1).i32(wait_ms).i32(min_bytes).i32(max_bytes).i8(0);
    body = body.i32(session).i32(epoch).i32(ask.read.len() as i32);
    for (topic, offset) in ask.read {
        body = body.text(topic).i32(1).i32(0).i64(*offset).i64(-1).i32(1 << 20);
    }
    body = body.i32(ask.forget.len() as i32);
    for topic in ask.forget {
        body = body.text(topic).i32(1).i32(0);
    }
    body
}

fn told(mut reply: Reply) -> Told {
    reply.i32();
    let (error, session) = (reply.i16(), reply.i32());
    let mut topics = Vec::new();
    for _ in 0..reply.i32() {
        let topic = reply.text().unwrap();
        for _ in 0..reply.i32() {
            assert_eq!(reply.i32(), 0, "partition");
            let error = reply.i16();
            reply.skip(24);
            assert_eq!(reply.i32(), -1, "no aborted transactions");
            let length = reply.i32() as usize;
            reply.skip(length);
            topics.push((topic.clone(), error, length));
        }
    }
    assert!(reply.is_at_end());
    (error, session, topics)
}

fn fetch(client: &mut Client, ask: Ask) -> Told {
    told(client.ask(FETCH, 7, body(ask)))
}

/// Makes a session over these topics; its id.
fn open(client: &mut Client, read: &[(&str, i64)]) -> i32 {
    let (error, session, topics) = fetch(client, Ask { read, ..ASK });
    assert_eq!(error, 0);
    assert_ne!(session, 0);
    assert_eq!(topics.len(), read.len(), "everything is answered once");
    session
}

fn broker_with(topics: &[&str], overrides: &[&str]) -> (Broker, Client) {
    let broker = Broker::with(overrides);
    let mut client = broker.connect();
    for topic in topics {
        assert_eq!(client.metadata(topic, true), 0);
    }
    (broker, client)
}

fn produce(client: &mut Client, topic: &str) -> usize {
    let batch = batch(Codec::None, 1, 100);
    assert_eq!(client.produce(topic, -1, &batch).0, 0);
    batch.len()
}

#[test]
fn only_what_has_changed_is_answered() {
    let (_broker, mut client) = broker_with(&["a", "b"], &[]);
    let id = open(&mut client, &[("a", 0), ("b", 0)]);
    assert_eq!(fetch(&mut client, Ask { session: (id, 1), ..ASK }), (0, id, vec![]));
    let bytes = produce(&mut client, "b");
    let news = vec![("b".to_owned(), 0, bytes)];
    assert_eq!(fetch(&mut client, Ask { session: (id, 2), ..ASK }), (0, id, news.clone()));
    let again = fetch(&mut client, Ask { session: (id, 3), ..ASK });
    assert_eq!(again, (0, id, news), "until it is told to read on");
    let read = &[("b", 1)];
    let told = fetch(&mut client, Ask { session: (id, 4), read, ..ASK });
    assert_eq!(told, (0, id, vec![]), "what is at the end says nothing new");
    let read = &[("b", 7)];
    let told = fetch(&mut client, Ask { session: (id, 5), read, ..ASK });
    assert_eq!(told, (0, id, vec![("b".to_owned(), 1, 0)]), "out of range");
    let read = &[("b", 1)];
    let told = fetch(&mut client, Ask { session: (id, 6), read, ..ASK });
    assert_eq!(told, (0, id, vec![("b".to_owned(), 0, 0)]), "the error is over");
}

#[test]
fn a_fetch_without_news_waits_and_is_woken() {
    let (broker, mut client) = broker_with(&["a", "b"], &[]);
    let id = open(&mut client, &[("a", 0), ("b", 0)]);
    let limits = Limits { wait_ms: 300, min_bytes: 1, max_bytes: 1 << 20 };
    let began = Instant::now();
    assert_eq!(fetch(&mut client, Ask { session: (id, 1), limits, ..ASK }), (0, id, vec![]));
    assert!(began.elapsed() >= Duration::from_millis(290), "it waited in vain");
    let limits = Limits { wait_ms: 15_000, ..limits };
    let asked = client.send(FETCH, 7, body(Ask { session: (id, 2), limits, ..ASK }));
    let began = Instant::now();
    let bytes = produce(&mut broker.connect(), "b");
    let mut reply = client.receive().unwrap();
    assert_eq!(reply.i32(), asked);
    assert!(began.elapsed() < Duration::from_secs(10), "woken");
    assert_eq!(told(Reply::new(reply.rest())), (0, id, vec![("b".to_owned(), 0, bytes)]));
}

#[test]
fn sessions_that_are_unknown_or_out_of_step_are_refused() {
    let (_broker, mut client) = broker_with(&["a"], &[]);
    let id = open(&mut client, &[("a", 0)]);
    for (session, error) in [
        ((id ^ 1, 1), 70),
        ((0, 1), 70),
        ((-9, 3), 70),
        ((id, 2), 71),
        ((id, -2), 71),
        ((id, i32::MAX), 71),
    ] {
        let told = fetch(&mut client, Ask { session, ..ASK });
        assert_eq!(told, (error, 0, vec![]), "{session:?}");
    }
    let by_id = Body::new().i32(-1).i32(0).i32(0).i32(1 << 20).i8(0).i32(id).i32(1);
    let by_id = by_id.varint(1).varint(1).compact("").no_tags();
    let mut reply = client.ask_flexible(FETCH, 13, by_id);
    assert_eq!((reply.i32(), reply.i16(), reply.i32()), (0, 106, 0), "it was made with names");
    let told = fetch(&mut client, Ask { session: (id, 1), ..ASK });
    assert_eq!(told, (0, id, vec![]), "and no error has harmed it");
}

#[test]
fn sessions_end_when_they_are_told_to_or_are_empty() {
    let (_broker, mut client) = broker_with(&["a", "b"], &[]);
    let read: &[(&str, i64)] = &[("a", 0)];
    let id = open(&mut client, read);
    let (error, session, topics) = fetch(&mut client, Ask { session: (id, -1), read, ..ASK });
    assert_eq!((error, session, topics.len()), (0, 0, 1), "the last epoch: a fetch without one");
    assert_eq!(fetch(&mut client, Ask { session: (id, 1), ..ASK }).0, 70);

    let id = open(&mut client, read);
    let (error, other, _) = fetch(&mut client, Ask { session: (id, 0), read, ..ASK });
    assert_eq!(error, 0);
    assert!(other != 0 && other != id, "the first epoch: another session");
    assert_eq!(fetch(&mut client, Ask { session: (id, 1), ..ASK }).0, 70);

    let (forget, read): (&[&str], &[(&str, i64)]) = (&["a"], &[("b", 0)]);
    let told = fetch(&mut client, Ask { session: (other, 1), read, forget, ..ASK });
    assert_eq!(told, (0, other, vec![("b".to_owned(), 0, 0)]));
    let told = fetch(&mut client, Ask { session: (other, 2), forget: &["b"], ..ASK });
    assert_eq!(told, (0, 0, vec![]), "nothing is left to read");
    assert_eq!(fetch(&mut client, Ask { session: (other, 3), ..ASK }).0, 70);
}

#[test]
fn what_returned_records_is_read_last_next_time() {
    let (_broker, mut client) = broker_with(&["a", "b", "c"], &[]);
    let bytes = ["a", "b", "c"].map(|topic| produce(&mut client, topic))[0];
    let limits = Limits { wait_ms: 0, min_bytes: 0, max_bytes: bytes as i32 };
    let read: &[(&str, i64)] = &[("a", 0), ("b", 0), ("c", 0)];
    let (_, id, topics) = fetch(&mut client, Ask { read, limits, ..ASK });
    let full = [bytes, 0, 0];
    assert_eq!(topics.iter().map(|(_, _, bytes)| *bytes).collect::<Vec<_>>(), full);
    for (epoch, topic) in [(1, "a"), (2, "b"), (3, "c"), (4, "a")] {
        let told = fetch(&mut client, Ask { session: (id, epoch), limits, ..ASK });
        assert_eq!(told, (0, id, vec![(topic.to_owned(), 0, bytes)]));
    }
}

#[test]
fn a_waiting_fetch_that_is_overtaken_in_its_session_is_refused() {
    let (broker, mut client) = broker_with(&["a"], &["corelog.cpus=0", "corelog.pin=false"]);
    let id = open(&mut client, &[("a", 0)]);
    let limits = Limits { wait_ms: 1000, min_bytes: 1, max_bytes: 1 << 20 };
    let asked = client.send(FETCH, 7, body(Ask { session: (id, 1), limits, ..ASK }));
    std::thread::sleep(Duration::from_millis(200));
    let told_again = fetch(&mut broker.connect(), Ask { session: (id, 2), ..ASK });
    assert_eq!(told_again, (0, id, vec![]), "from another connection of the same core");
    let mut reply = client.receive().unwrap();
    assert_eq!(reply.i32(), asked);
    assert_eq!(told(Reply::new(reply.rest())), (71, id, vec![]));
}

#[test]
fn topics_that_do_not_exist_are_told_until_they_do() {
    let (_broker, mut client) = broker_with(&["a"], &[]);
    let read: &[(&str, i64)] = &[("a", 0), ("later", 0), ("a", 0)];
    let (error, id, topics) = fetch(&mut client, Ask { read, ..ASK });
    assert_eq!(error, 0);
    assert_ne!(id, 0);
    let expected = [("a".to_owned(), 0, 0), ("later".to_owned(), 3, 0)];
    assert_eq!(topics, expected, "named twice is answered once");
    let unknown = vec![("later".to_owned(), 3, 0)];
    assert_eq!(fetch(&mut client, Ask { session: (id, 1), ..ASK }), (0, id, unknown));
    assert_eq!(client.metadata("later", true), 0);
    let bytes = produce(&mut client, "later");
    let told = fetch(&mut client, Ask { session: (id, 2), ..ASK });
    assert_eq!(told, (0, id, vec![("later".to_owned(), 0, bytes)]));
}

#[test]
fn without_a_slot_everything_is_answered_every_time() {
    let one_slot = ["max.incremental.fetch.session.cache.slots=1", "corelog.cpus=0"];
    let (_broker, mut client) = broker_with(&["a"], &one_slot);
    let read: &[(&str, i64)] = &[("a", 0)];
    open(&mut client, read);
    let none = Broker::with(&["max.incremental.fetch.session.cache.slots=0"]);
    let mut other = none.connect();
    assert_eq!(other.metadata("a", true), 0);
    for _ in 0..2 {
        let expected = (0, 0, vec![("a".to_owned(), 0, 0)]);
        assert_eq!(fetch(&mut client, Ask { read, ..ASK }), expected, "the slot is taken");
        assert_eq!(fetch(&mut other, Ask { read, ..ASK }), expected, "there is none");
    }
}
