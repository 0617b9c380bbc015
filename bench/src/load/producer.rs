//! One producer's connection to one leader: one task sends what is due, one reads the acks. Lives
//! on an executor.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use corelog_net::wire::answer::data::ProduceAnswer;
use corelog_net::wire::{Answer, ApiKey, ErrorCode, split_response};

use super::error::LoadError;
use super::flights::{Flight, Flights};
use super::pace::Pace;
use super::template::Template;
use crate::clock;
use crate::executor::{Frames, Writer, connect, sleep_until, spawn, yield_now};
use crate::measure::{Flow, Recorder};

/// An ack is small; a longer answer is nonsense.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Requests up to this size are collected and handed to the kernel together.
const SMALL_BYTES: usize = 8 << 10;
/// So much is collected at most.
const COLLECTED_BYTES: usize = 64 << 10;

/// What a producer writes, and where.
pub struct Lane {
    /// The leader.
    pub address: SocketAddr,
    /// The partitions it writes to, in turn.
    pub partitions: Vec<i32>,
    /// Requests to send, in turn.
    pub templates: Vec<Template>,
    /// Version of Produce.
    pub version: i16,
    /// Requests under way at most.
    pub in_flight: usize,
    /// Records after which it ends; 0 = never.
    pub records: u64,
}

/// A producer that is connected and has not begun.
pub struct Producer {
    lane: Lane,
    frames: Frames,
    writer: Writer,
}

/// How a producer ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Requests without an answer.
    pub unanswered: u64,
    /// The first refusal, in words.
    pub complaint: Option<String>,
    /// When the last answer came.
    pub last: u64,
}

impl Producer {
    /// Connects.
    ///
    /// # Errors
    /// [`LoadError::Connection`].
    pub async fn open(lane: Lane) -> Result<Producer, LoadError> {
        let address = lane.address;
        let (reader, writer) = connect(address).await.map_err(|why| broke(address, why))?;
        Ok(Producer { lane, frames: Frames::new(reader, ANSWER_BYTES_MAX), writer })
    }

    /// Records in each of its requests.
    pub fn records_per_request(&self) -> u64 {
        self.lane.templates.first().map_or(1, |template| template.records)
    }

    /// Sends until the end of the schedule, and waits for every answer.
    ///
    /// # Errors
    /// The connection broke, or an answer cannot be read.
    pub async fn run(self, pace: Pace, recorder: Rc<Recorder>) -> Result<Ended, LoadError> {
        let flights = Rc::new(Flights::new(self.lane.in_flight));
        let ended = Rc::new(RefCell::new(Ended::default()));
        let (address, version) = (self.lane.address, self.lane.version);
        let reading = {
            let (flights, recorder, ended) = (flights.clone(), recorder.clone(), ended.clone());
            let frames = self.frames;
            spawn(async move {
                let read = read(frames, version, &flights, &recorder, &ended).await;
                flights.close();
                read
            })
        };
        let sender = Sender {
            lane: self.lane,
            writer: self.writer,
            collected: Vec::with_capacity(COLLECTED_BYTES + SMALL_BYTES),
            requests: 0,
            next_partition: 0,
        };
        let sent = sender.run(pace, &flights, &recorder).await;
        flights.close();
        let read = reading.join().await?;
        let mut ended = ended.take();
        ended.unanswered = flights.len() as u64;
        match (sent, read) {
            (Err(why), _) => Err(broke(address, why)),
            (Ok(()), Err(why)) => Err(why),
            (Ok(()), Ok(())) => Ok(ended),
        }
    }
}

/// Sends what is due.
struct Sender {
    lane: Lane,
    writer: Writer,
    collected: Vec<u8>,
    requests: usize,
    next_partition: usize,
}

impl Sender {
    async fn run(
        mut self,
        mut pace: Pace,
        flights: &Flights,
        recorder: &Recorder,
    ) -> std::io::Result<()> {
        let mut left = if self.lane.records > 0 { self.lane.records } else { u64::MAX };
        while left > 0 {
            if flights.is_full() {
                self.flush().await?;
                if !pace.is_closed_loop() && pace.due(0).is_some_and(|due| due < clock::now()) {
                    recorder.held_back();
                }
                flights.room().await;
            }
            let now = clock::now();
            let Some(due) = pace.due(now) else { break };
            if flights.is_closed() {
                break;
            }
            if due > now {
                self.flush().await?;
                sleep_until(due).await;
                continue;
            }
            left = left.saturating_sub(self.send(due, now, flights).await?);
            pace.sent();
        }
        self.flush().await
    }

    /// Sends one request, or puts it to the others that are collected; returns its records.
    async fn send(&mut self, due: u64, now: u64, flights: &Flights) -> std::io::Result<u64> {
        let place = self.requests % self.lane.templates.len().max(1);
        let Some(template) = self.lane.templates.get_mut(place) else { return Ok(0) };
        let id = (self.requests & 0x7fff_ffff) as i32;
        self.requests += 1;
        let flow = Flow {
            records: template.records,
            requests: 1,
            bytes: template.bytes,
            wire_bytes: template.wire_bytes,
        };
        flights.push(Flight { id, due, sent: now, flow });
        let (partitions, next) = (&self.lane.partitions, &mut self.next_partition);
        let frame = template.fill(id, due, || {
            *next = (*next + 1) % partitions.len().max(1);
            partitions.get(*next).copied().unwrap_or(0)
        });
        if frame.len() <= SMALL_BYTES {
            self.collected.extend_from_slice(frame);
            if self.collected.len() >= COLLECTED_BYTES {
                self.flush().await?;
                yield_now().await;
            }
        } else {
            self.writer.send(frame).await?;
        }
        Ok(flow.records)
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        if !self.collected.is_empty() {
            self.writer.send(&self.collected).await?;
            self.collected.clear();
        }
        Ok(())
    }
}

/// Reads acks until none is owed any more.
async fn read(
    mut frames: Frames,
    version: i16,
    flights: &Flights,
    recorder: &Recorder,
    ended: &RefCell<Ended>,
) -> Result<(), LoadError> {
    while flights.owed().await {
        let answer = frames.next(|frame| decode(frame, version)).await;
        let (id, refused) = answer.map_err(|why| unreadable(why.to_string()))??;
        let Some(flight) = flights.pop().filter(|flight| flight.id == id) else {
            return Err(unreadable(format!("it belongs to request {id}, which is not its turn")));
        };
        ended.borrow_mut().last = clock::now();
        match refused {
            None => recorder.acked(flight.due, flight.sent, flight.flow),
            Some(complaint) => {
                recorder.refused();
                ended.borrow_mut().complaint.get_or_insert(complaint);
            }
        }
    }
    Ok(())
}

/// Correlation id of an answer, and the first refusal in it.
fn decode(frame: Bytes, version: i16) -> Result<(i32, Option<String>), LoadError> {
    let wrong = |why: corelog_net::wire::Malformed| unreadable(why.to_string());
    let mut body = BytesMut::from(frame);
    let id = split_response(ApiKey::Produce, version, &mut body).map_err(wrong)?;
    let answer = ProduceAnswer::decode(version, body).map_err(wrong)?;
    let partitions = answer.topics.iter().flat_map(|topic| topic.partitions.iter());
    let refused = partitions.into_iter().find(|partition| partition.error_code != 0);
    let complaint = refused.map(|partition| {
        let error = ErrorCode::from_code(partition.error_code);
        let name = error.map_or("unknown error", ErrorCode::name);
        let message = partition.error_message.as_deref().unwrap_or_default();
        format!("partition {}: {name} ({}) {message}", partition.index, partition.error_code)
    });
    Ok((id, complaint))
}

fn unreadable(why: String) -> LoadError {
    LoadError::Answer { api: "Produce", why }
}

fn broke(address: SocketAddr, source: std::io::Error) -> LoadError {
    LoadError::Connection { address: address.to_string(), source }
}
