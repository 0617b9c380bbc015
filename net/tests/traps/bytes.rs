//! Requests and responses as bytes, written and read by hand.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::BytesMut;
use corelog_engine::record::{BatchBuilder, Codec};

pub const PRODUCE: i16 = 0;
pub const FETCH: i16 = 1;
pub const LIST_OFFSETS: i16 = 2;
pub const METADATA: i16 = 3;
pub const OFFSET_COMMIT: i16 = 8;
pub const OFFSET_FETCH: i16 = 9;
pub const FIND_COORDINATOR: i16 = 10;
pub const JOIN_GROUP: i16 = 11;
pub const HEARTBEAT: i16 = 12;
pub const LEAVE_GROUP: i16 = 13;
pub const SYNC_GROUP: i16 = 14;
pub const DESCRIBE_GROUPS: i16 = 15;
pub const LIST_GROUPS: i16 = 16;
pub const API_VERSIONS: i16 = 18;
pub const CREATE_TOPICS: i16 = 19;
pub const DELETE_TOPICS: i16 = 20;
pub const DELETE_RECORDS: i16 = 21;
pub const INIT_PRODUCER_ID: i16 = 22;
pub const DELETE_GROUPS: i16 = 42;
pub const OFFSET_DELETE: i16 = 47;
pub const CONSUMER_GROUP_HEARTBEAT: i16 = 68;
pub const CONSUMER_GROUP_DESCRIBE: i16 = 69;

/// Bytes being put together, big-endian.
#[derive(Clone, Default)]
pub struct Body(pub Vec<u8>);

impl Body {
    pub fn new() -> Body {
        Body::default()
    }

    pub fn raw(mut self, bytes: &[u8]) -> Body {
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn i8(self, value: i8) -> Body {
        self.raw(&value.to_be_bytes())
    }

    pub fn i16(self, value: i16) -> Body {
        self.raw(&value.to_be_bytes())
    }

    pub fn i32(self, value: i32) -> Body {
        self.raw(&value.to_be_bytes())
    }

    pub fn i64(self, value: i64) -> Body {
        self.raw(&value.to_be_bytes())
    }

    /// A string with a length of two bytes.
    pub fn text(self, text: &str) -> Body {
        self.i16(text.len() as i16).raw(text.as_bytes())
    }

    /// A compact string.
    pub fn compact(self, text: &str) -> Body {
        self.varint(text.len() as u32 + 1).raw(text.as_bytes())
    }

    pub fn varint(mut self, mut value: u32) -> Body {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
        self
    }

    /// A section without tagged fields.
    pub fn no_tags(self) -> Body {
        self.varint(0)
    }
}

/// Bytes being taken apart. Panics where they end too early.
pub struct Reply(pub Vec<u8>, usize);

impl Reply {
    pub fn new(bytes: Vec<u8>) -> Reply {
        Reply(bytes, 0)
    }

    pub fn take(&mut self, count: usize) -> &[u8] {
        self.1 += count;
        &self.0[self.1 - count..self.1]
    }

    pub fn skip(&mut self, count: usize) -> &mut Reply {
        self.take(count);
        self
    }

    pub fn i16(&mut self) -> i16 {
        i16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    pub fn i32(&mut self) -> i32 {
        i32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    pub fn i64(&mut self) -> i64 {
        i64::from_be_bytes(self.take(8).try_into().unwrap())
    }

    pub fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.i16()).ok()?;
        Some(String::from_utf8(self.take(length).to_vec()).unwrap())
    }

    pub fn varint(&mut self) -> u32 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.take(1)[0];
            value |= u32::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    }

    pub fn compact(&mut self) -> Option<String> {
        let length = self.varint().checked_sub(1)? as usize;
        Some(String::from_utf8(self.take(length).to_vec()).unwrap())
    }

    /// What was not taken yet.
    pub fn rest(&self) -> Vec<u8> {
        self.0[self.1..].to_vec()
    }

    pub fn is_at_end(&self) -> bool {
        self.1 == self.0.len()
    }
}

/// A connection that knows frames and nothing else.
pub struct Client {
    pub stream: TcpStream,
    correlation: i32,
}

impl Client {
    pub fn new(stream: TcpStream) -> Client {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Client { stream, correlation: 100 }
    }

    /// Sends a request with a header of version 1; returns its correlation id.
    pub fn send(&mut self, key: i16, version: i16, body: Body) -> i32 {
        self.send_with(key, version, Body::new(), body)
    }

    /// Sends a request with a header of version 2.
    pub fn send_flexible(&mut self, key: i16, version: i16, body: Body) -> i32 {
        self.send_with(key, version, Body::new().no_tags(), body)
    }

    fn send_with(&mut self, key: i16, version: i16, tags: Body, body: Body) -> i32 {
        self.correlation += 1;
        let header = Body::new().i16(key).i16(version).i32(self.correlation).text("traps");
        let frame = header.raw(&tags.0).raw(&body.0).0;
        self.stream.write_all(&Body::new().i32(frame.len() as i32).raw(&frame).0).unwrap();
        self.correlation
    }

    /// The next reply without its length; `None` = the broker has closed the connection.
    pub fn receive(&mut self) -> Option<Reply> {
        let mut length = [0; 4];
        if self.stream.read_exact(&mut length).is_err() {
            return None;
        }
        let mut frame = vec![0; i32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame).unwrap();
        Some(Reply::new(frame))
    }

    /// Asks, and takes the correlation id off the answer.
    pub fn ask(&mut self, key: i16, version: i16, body: Body) -> Reply {
        let correlation = self.send(key, version, body);
        let mut reply = self.receive().expect("an answer");
        assert_eq!(reply.i32(), correlation);
        reply
    }

    /// As `ask`, in a flexible version: the answer's header has tags.
    pub fn ask_flexible(&mut self, key: i16, version: i16, body: Body) -> Reply {
        let correlation = self.send_flexible(key, version, body);
        let mut reply = self.receive().expect("an answer");
        assert_eq!(reply.i32(), correlation);
        assert_eq!(reply.varint(), 0);
        reply
    }

    /// The broker closed the connection, and said nothing more.
    pub fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    /// Creates a topic by asking for its metadata (v4); its error and partitions' errors.
    pub fn metadata(&mut self, topic: &str, create: bool) -> i16 {
        let body = Body::new().i32(1).text(topic).i8(i8::from(create));
        let mut reply = self.ask(METADATA, 4, body);
        reply.i32();
        for _ in 0..reply.i32() {
            reply.i32();
            reply.text();
            reply.i32();
            reply.text();
        }
        reply.text();
        reply.i32();
        assert_eq!(reply.i32(), 1);
        reply.i16()
    }

    /// Produces one batch (v7): error, base offset, log append time.
    pub fn produce(&mut self, topic: &str, acks: i16, batch: &[u8]) -> (i16, i64, i64) {
        self.produce_in(7, topic, acks, batch)
    }

    pub fn produce_in(
        &mut self,
        version: i16,
        topic: &str,
        acks: i16,
        batch: &[u8],
    ) -> (i16, i64, i64) {
        let mut reply = self.ask(PRODUCE, version, produce_body(topic, acks, batch));
        assert_eq!(reply.i32(), 1);
        assert_eq!(reply.text().as_deref(), Some(topic));
        assert_eq!((reply.i32(), reply.i32()), (1, 0));
        (reply.i16(), reply.i64(), reply.i64())
    }

    /// Reads partition 0 (v4): error, high watermark, records.
    pub fn fetch(&mut self, topic: &str, offset: i64, limits: Limits) -> (i16, i64, Vec<u8>) {
        let mut reply = self.ask(FETCH, 4, fetch_body(topic, offset, limits));
        read_fetched(&mut reply)
    }
}

/// What a fetch may wait for and take.
#[derive(Clone, Copy)]
pub struct Limits {
    pub wait_ms: i32,
    pub min_bytes: i32,
    pub max_bytes: i32,
}

pub const AT_ONCE: Limits = Limits { wait_ms: 0, min_bytes: 0, max_bytes: 1 << 20 };

pub fn fetch_body(topic: &str, offset: i64, limits: Limits) -> Body {
    let Limits { wait_ms, min_bytes, max_bytes } = limits;
    let head = Body::new().i32(-1).i32(wait_ms).i32(min_bytes).i32(max_bytes).i8(0);
    head.i32(1).text(topic).i32(1).i32(0).i64(offset).i32(max_bytes)
}

pub fn read_fetched(reply: &mut Reply) -> (i16, i64, Vec<u8>) {
    reply.i32();
    assert_eq!(reply.i32(), 1);
    reply.text();
    assert_eq!((reply.i32(), reply.i32()), (1, 0));
    let (error, high_watermark, _last_stable) = (reply.i16(), reply.i64(), reply.i64());
    assert_eq!(reply.i32(), -1, "no aborted transactions");
    let length = usize::try_from(reply.i32()).unwrap();
    let records = reply.take(length).to_vec();
    assert!(reply.is_at_end());
    (error, high_watermark, records)
}

/// A Produce body for partition 0 of a topic, v3 to v8.
pub fn produce_body(topic: &str, acks: i16, batch: &[u8]) -> Body {
    let head = Body::new().i16(-1).i16(acks).i32(10_000).i32(1).text(topic);
    head.i32(1).i32(0).i32(batch.len() as i32).raw(batch)
}

/// A batch of `count` records with that many bytes each.
pub fn batch(codec: Codec, count: usize, bytes: usize) -> BytesMut {
    let mut builder = BatchBuilder::new(codec);
    for at in 0..count {
        builder.push(now_ms(), Some(&at.to_be_bytes()), Some(&vec![b'v'; bytes]));
    }
    builder.finish().unwrap()
}

/// A batch of an idempotent producer, with one record.
pub fn sequenced(producer: i64, epoch: i16, sequence: i32) -> BytesMut {
    let mut builder = BatchBuilder::new(Codec::None).producer(producer, epoch, sequence);
    builder.push(now_ms(), None, Some(b"value"));
    builder.finish().unwrap()
}

pub fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_millis() as i64
}
