//! One consumer's connection to one leader: a fetch after the other, and what is in the answers.
//! Lives on an executor.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use corelog_net::wire::answer::data::FetchAnswer;
use corelog_net::wire::messages::fetch_request::{FetchPartition, FetchTopic};
use corelog_net::wire::messages::{FetchRequest, TopicName};
use corelog_net::wire::{
    Answer, ApiKey, ErrorCode, Malformed, RequestHeader, StrBytes, request_frame, split_response,
};
use uuid::Uuid;

use super::batches::walk;
use super::error::LoadError;
use super::producer::Ended;
use crate::clock::{self, SECOND};
use crate::executor::{Frames, Writer, connect, sleep_until};
use crate::measure::{Flow, Recorder};

/// An answer may be this much longer than the bytes asked for: one batch, and what is around it.
const BEYOND_BYTES: usize = 80 << 20;
/// How long records may come in after the end of the load.
const LATE_NS: u64 = 30 * SECOND;
/// Bytes at the front of an answer that hold its header for sure.
const HEAD_BYTES: usize = 64;
/// After a refusal.
const PAUSE_NS: u64 = SECOND / 100;

/// What a consumer reads, and how.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The leader.
    pub address: SocketAddr,
    /// Name of the topic.
    pub topic: String,
    /// Its id.
    pub id: Uuid,
    /// Version of Fetch.
    pub version: i16,
    /// Partitions, where to begin and where the first record is.
    pub places: Vec<Place>,
    /// Most bytes of an answer.
    pub bytes: usize,
    /// How long a fetch waits for the first byte.
    pub wait: Duration,
    /// Begin again at the end.
    pub wraps: bool,
    /// Look at the stamp of every record.
    pub is_stamped: bool,
    /// Bytes of a record's value.
    pub record_bytes: u64,
    /// Records after which it ends; 0 = never.
    pub records: u64,
}

/// A partition and how far it is read.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// Offset to fetch next.
    pub next: i64,
    /// First offset of the log.
    pub first: i64,
}

/// A consumer that is connected and has not begun.
pub struct Consumer {
    reading: Reading,
    frames: Frames,
    writer: Writer,
    fetches: i32,
}

impl Consumer {
    /// Connects.
    ///
    /// # Errors
    /// [`LoadError::Connection`].
    pub async fn open(reading: Reading) -> Result<Consumer, LoadError> {
        let (reader, writer) =
            connect(reading.address).await.map_err(|why| broke(&reading, why))?;
        let frames = Frames::new(reader, reading.bytes + BEYOND_BYTES);
        Ok(Consumer { reading, frames, writer, fetches: 0 })
    }

    /// Fetches until the end of the load, and beyond it as long as records come.
    ///
    /// # Errors
    /// The connection broke, or an answer cannot be read.
    pub async fn run(mut self, recorder: Rc<Recorder>) -> Result<Ended, LoadError> {
        let mut ended = Ended::default();
        let mut left = if self.reading.records > 0 { self.reading.records } else { u64::MAX };
        let end = recorder.phases().end;
        loop {
            let got = self.fetch(&recorder, &mut ended).await?;
            if got.records > 0 {
                ended.last = clock::now();
            }
            left = left.saturating_sub(got.records);
            let now = clock::now();
            let no_more = got.records == 0 || self.reading.wraps || now >= end + LATE_NS;
            if left == 0 || now >= end && no_more {
                return Ok(ended);
            }
        }
    }

    /// One fetch: asks, reads the answer, records what is in it.
    async fn fetch(&mut self, recorder: &Recorder, ended: &mut Ended) -> Result<Flow, LoadError> {
        self.fetches = self.fetches.wrapping_add(1) & i32::MAX;
        let frame = self.request()?;
        self.writer.send(&frame).await.map_err(|why| broke(&self.reading, why))?;
        let (id, reading) = (self.fetches, &mut self.reading);
        let read = self.frames.next(|frame| take(reading, id, frame, recorder, ended)).await;
        let (mut flow, is_refused) = read.map_err(|why| broke(&self.reading, why))??;
        flow.bytes = flow.records * self.reading.record_bytes;
        flow.requests = u64::from(flow.records > 0);
        recorder.consumed(flow);
        if is_refused {
            sleep_until(clock::now() + PAUSE_NS).await;
        }
        Ok(flow)
    }

    fn request(&self) -> Result<BytesMut, LoadError> {
        let reading = &self.reading;
        let bytes = i32::try_from(reading.bytes).unwrap_or(i32::MAX);
        let partitions = reading.places.iter().map(|place| {
            FetchPartition::default()
                .with_partition(place.partition)
                .with_fetch_offset(place.next)
                .with_partition_max_bytes(bytes)
        });
        let topic = FetchTopic::default()
            .with_topic(TopicName(StrBytes::from_string(reading.topic.clone())))
            .with_topic_id(reading.id)
            .with_partitions(partitions.collect());
        let request = FetchRequest::default()
            .with_max_wait_ms(i32::try_from(reading.wait.as_millis()).unwrap_or(i32::MAX))
            .with_min_bytes(1)
            .with_max_bytes(bytes)
            .with_topics(vec![topic]);
        let header = RequestHeader {
            api_key: ApiKey::Fetch,
            version: reading.version,
            correlation_id: self.fetches,
            client_id: Some(StrBytes::from_static_str("corelog-bench")),
        };
        request_frame(&header, &request)
            .map_err(|why| LoadError::Encode { what: "fetch", why: why.to_string() })
    }
}

/// Takes an answer apart: what it brought, and whether something was refused.
fn take(
    reading: &mut Reading,
    id: i32,
    frame: Bytes,
    recorder: &Recorder,
    ended: &mut Ended,
) -> Result<(Flow, bool), LoadError> {
    let now = clock::now();
    let answer = decode(reading.version, id, frame)?;
    let mut flow = Flow::default();
    let mut refused = answer.error_code;
    for topic in &answer.topics {
        for fetched in &topic.partitions {
            let place = reading.places.iter_mut().find(|place| place.partition == fetched.index);
            let Some(place) = place else { continue };
            let out_of_range = fetched.error_code == ErrorCode::OffsetOutOfRange.code();
            if reading.wraps && (out_of_range || place.next >= fetched.high_watermark) {
                place.next = place.first;
            } else if fetched.error_code != 0 {
                refused = fetched.error_code;
            }
            let bytes = fetched.records.unwrap_or_default();
            let arrived = |stamp| recorder.arrived(stamp, now);
            let walked = walk(&bytes, place.next, reading.is_stamped.then_some(arrived));
            flow.add(&walked.flow);
            place.next = place.next.max(walked.next);
            if reading.wraps && place.next >= fetched.high_watermark {
                place.next = place.first;
            }
        }
    }
    if refused != 0 {
        recorder.refused();
        let name = ErrorCode::from_code(refused).map_or("unknown error", ErrorCode::name);
        ended.complaint.get_or_insert(format!("Fetch: {name} ({refused})"));
    }
    Ok((flow, refused != 0))
}

/// Reads the answer without copying it: only its header is looked at apart.
fn decode(version: i16, id: i32, frame: Bytes) -> Result<FetchAnswer, LoadError> {
    let wrong = |why: Malformed| unreadable(why.to_string());
    let mut head = BytesMut::from(&frame[..frame.len().min(HEAD_BYTES)]);
    let before = head.len();
    let answered = split_response(ApiKey::Fetch, version, &mut head).map_err(wrong)?;
    if answered != id {
        return Err(unreadable(format!("it belongs to request {answered}")));
    }
    FetchAnswer::decode(version, frame.slice(before - head.len()..)).map_err(wrong)
}

fn unreadable(why: String) -> LoadError {
    LoadError::Answer { api: "Fetch", why }
}

fn broke(reading: &Reading, source: std::io::Error) -> LoadError {
    LoadError::Connection { address: reading.address.to_string(), source }
}
