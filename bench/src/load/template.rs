//! Produce requests encoded before the load. Sending one writes the correlation id, the partitions
//! and the stamps into its bytes and computes the checksum anew: nothing is encoded under load.
//! Pure, any thread.
//!
//! The stamp is the intended send time in nanoseconds of [`crate::clock`], big-endian, in the first
//! eight bytes of every value; compressed records carry none.

use std::ops::Range;

use bytes::Bytes;
use corelog_engine::record::{BatchBuilder, BatchHeader, Codec, HEADER_BYTES, Records, crc32c};
use corelog_net::wire::messages::produce_request::{PartitionProduceData, TopicProduceData};
use corelog_net::wire::messages::{ProduceRequest, TopicName};
use corelog_net::wire::{ApiKey, RequestHeader, StrBytes, request_frame};

use super::error::LoadError;
use super::target::Target;
use crate::clock;
use crate::workload::Workload;

/// Bytes of a stamp.
pub const STAMP_BYTES: usize = 8;
/// Where the correlation id stands: behind length, key and version.
const CORRELATION_AT: usize = 8;
/// Where a batch keeps its CRC, and from where on it is computed.
const CRC: Range<usize> = 17..21;
/// What the broker may take for a request.
const TIMEOUT_MS: i32 = 60_000;
/// What a record takes beside its key and value at most: varints, attributes, no headers.
const RECORD_OVERHEAD: usize = 24;

/// A request, ready but for its stamps.
#[derive(Debug, Clone)]
pub struct Template {
    frame: Vec<u8>,
    batches: Vec<Batch>,
    /// Records in it.
    pub records: u64,
    /// Bytes of record values in it.
    pub bytes: u64,
    /// Bytes of its batches.
    pub wire_bytes: u64,
}

/// A batch in a frame.
#[derive(Debug, Clone)]
struct Batch {
    place: Range<usize>,
    partition_at: usize,
    stamps: Vec<usize>,
}

/// Makes templates of one workload for one target.
pub struct Mould<'a> {
    workload: &'a Workload,
    target: &'a Target,
    noise: Noise,
}

impl<'a> Mould<'a> {
    /// `seed` makes the values of different producers differ.
    pub fn new(workload: &'a Workload, target: &'a Target, seed: u64) -> Mould<'a> {
        let noise = Noise(workload.seed.wrapping_mul(1 << 20).wrapping_add(seed).max(1));
        Mould { workload, target, noise }
    }

    /// Encodes one.
    ///
    /// # Errors
    /// [`LoadError::Encode`].
    pub fn cast(&mut self) -> Result<Template, LoadError> {
        let count = self.workload.batches_per_request;
        let encoded: Result<Vec<_>, _> = (0..count).map(|_| self.batch()).collect();
        let encoded = encoded?;
        let frame = self.frame(&encoded)?;
        let flexible = ApiKey::Produce.is_flexible(self.target.produce_version);
        let mut from = CORRELATION_AT;
        let mut batches = Vec::with_capacity(count);
        for (bytes, stamps, _) in &encoded {
            let start = find(&frame, bytes, from).ok_or_else(|| encode("frame", "no batch"))?;
            let length_bytes = if flexible { varint_bytes(bytes.len() + 1) } else { 4 };
            batches.push(Batch {
                place: start..start + bytes.len(),
                partition_at: start - length_bytes - 4,
                stamps: stamps.iter().map(|at| start + at).collect(),
            });
            from = start + bytes.len();
        }
        let records: usize = encoded.iter().map(|(_, _, records)| records).sum();
        Ok(Template {
            frame,
            records: records as u64,
            bytes: (records * self.workload.record_bytes) as u64,
            wire_bytes: batches.iter().map(|batch| batch.place.len() as u64).sum(),
            batches,
        })
    }

    /// A batch, where its stamps are, and how many records it has.
    fn batch(&mut self) -> Result<(Bytes, Vec<usize>, usize), LoadError> {
        let (workload, codec) = (self.workload, self.workload.codec());
        let mut builder = BatchBuilder::new(codec);
        let (mut key, mut value) = (vec![0; workload.key_bytes], vec![0; workload.record_bytes]);
        let record_bytes = workload.key_bytes + workload.record_bytes + RECORD_OVERHEAD;
        loop {
            self.noise.fill(&mut key, 1.0);
            self.noise.fill(&mut value, workload.random_share);
            let key = (!key.is_empty()).then_some(key.as_slice());
            builder.push(clock::wall_ms(), key, Some(&value));
            if builder.size_in_bytes() + record_bytes > workload.batch_bytes {
                break;
            }
        }
        let records = builder.len();
        let batch = builder.finish().map_err(|why| encode("batch", why))?.freeze();
        let stamps = match codec {
            Codec::None => stamps(&batch).ok_or_else(|| encode("batch", "no stamps"))?,
            _ => Vec::new(),
        };
        Ok((batch, stamps, records))
    }

    fn frame(&self, batches: &[(Bytes, Vec<usize>, usize)]) -> Result<Vec<u8>, LoadError> {
        let partitions = batches
            .iter()
            .map(|(batch, _, _)| PartitionProduceData::default().with_records(Some(batch.clone())));
        let topic = TopicProduceData::default()
            .with_name(TopicName(StrBytes::from_string(self.target.topic.clone())))
            .with_topic_id(self.target.id)
            .with_partition_data(partitions.collect());
        let request = ProduceRequest::default()
            .with_acks(self.workload.acks_code())
            .with_timeout_ms(TIMEOUT_MS)
            .with_topic_data(vec![topic]);
        let header = RequestHeader {
            api_key: ApiKey::Produce,
            version: self.target.produce_version,
            correlation_id: 0,
            client_id: Some(StrBytes::from_static_str("corelog-bench")),
        };
        let frame = request_frame(&header, &request).map_err(|why| encode("request", why))?;
        Ok(frame.to_vec())
    }
}

impl Template {
    /// The frame with everything filled in: `partitions` gives one for each of its batches.
    pub fn fill(
        &mut self,
        correlation_id: i32,
        stamp: u64,
        mut partitions: impl FnMut() -> i32,
    ) -> &[u8] {
        put(&mut self.frame, CORRELATION_AT, &correlation_id.to_be_bytes());
        for batch in &self.batches {
            put(&mut self.frame, batch.partition_at, &partitions().to_be_bytes());
            for at in &batch.stamps {
                put(&mut self.frame, *at, &stamp.to_be_bytes());
            }
            if !batch.stamps.is_empty() {
                let covered = batch.place.start + CRC.end..batch.place.end;
                let crc = crc32c(self.frame.get(covered).unwrap_or_default());
                put(&mut self.frame, batch.place.start + CRC.start, &crc.to_be_bytes());
            }
        }
        &self.frame
    }

    /// Bytes of the frame.
    pub fn frame_bytes(&self) -> usize {
        self.frame.len()
    }
}

fn put(frame: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = frame.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

/// Where the values of an uncompressed batch begin.
fn stamps(batch: &[u8]) -> Option<Vec<usize>> {
    let header = BatchHeader::parse(batch).ok()?;
    let records = Records::open(&header, batch, 0).ok()?;
    let begin = batch.as_ptr() as usize;
    records.iter().map(|record| Some(record.ok()?.value?.as_ptr() as usize - begin)).collect()
}

/// Where `batch` stands in `frame`: its header, with a checksum over random bytes, is unique.
fn find(frame: &[u8], batch: &[u8], from: usize) -> Option<usize> {
    let head = batch.get(..HEADER_BYTES)?;
    let found = frame.get(from..)?.windows(HEADER_BYTES).position(|place| place == head)?;
    Some(from + found)
}

/// Bytes of an unsigned varint.
fn varint_bytes(value: usize) -> usize {
    (1..).find(|bytes| value >> (7 * bytes) == 0).unwrap_or(5)
}

fn encode(what: &'static str, why: impl ToString) -> LoadError {
    LoadError::Encode { what, why: why.to_string() }
}

/// Random bytes, the same for the same seed (xorshift).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Fills `share` of the bytes with noise, and the rest with text that compresses.
    fn fill(&mut self, bytes: &mut [u8], share: f64) {
        let noisy = (bytes.len() as f64 * share) as usize;
        let (noisy, plain) = bytes.split_at_mut(noisy.min(bytes.len()));
        for chunk in noisy.chunks_mut(8) {
            let random = self.next().to_le_bytes();
            chunk.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
        }
        let text = b"the quick brown fox jumps over the lazy dog ".iter().cycle();
        plain.iter_mut().zip(text).for_each(|(byte, letter)| *byte = *letter);
    }
}

#[cfg(test)]
#[path = "template_test.rs"]
mod template_test;
