//! Produce: finds the batches without copying them, checks each, queues them at their owners, and
//! answers when the acks rule holds. Core-local.
//!
//! Stage one ends when every batch stands in its owner's queue: that keeps the order of a
//! producer's requests while their flushes overlap.

use std::time::Duration;

use corelog_engine::config::{TimestampType, TopicConfig};
use corelog_engine::metadata::{Image, LogId, TopicImage, is_internal};
use corelog_engine::partition::{Acks, AppendError, AppendPart, Appended};
use corelog_engine::record::{BatchError, ProduceRules, check_produced};
use corelog_engine::runtime::{self, LocalBoxFuture, Part};
use corelog_engine::shard::ProduceTicket;

use crate::api::broker::Broker;
use crate::api::names;
use crate::dispatch::{Call, malformed};
use crate::in_flight::{Outcome, Staged};
use crate::wire::{
    ApiKey, ErrorCode, ProducePartition, ProducePartitionResponse, ProduceRequest, ProduceResponse,
    ProduceTopicResponse, RecordError, RequestHeader, StrBytes, TopicRef,
};

/// First version whose clients know zstd (KIP-110).
const ZSTD_FROM: i16 = 7;
/// The one client that may write to the broker's own topics, in Kafka as here.
const ADMIN_CLIENT: &str = "__admin_client";

/// Answers Produce.
pub fn handle(call: Call<Broker>) -> LocalBoxFuture<Staged> {
    Box::pin(async move {
        let Call { state, header, body, charge, .. } = call;
        let mut request = match ProduceRequest::decode(header.version, body) {
            Ok(request) => request,
            Err(error) => return malformed(error),
        };
        let acks = match request.acks {
            0 => Ok(Acks::None),
            1 => Ok(Acks::Leader),
            -1 => Ok(Acks::All),
            _ => Err(ErrorCode::InvalidRequiredAcks),
        };
        let timeout = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
        let deadline = runtime::now() + timeout;
        let mut plan = Plan::new(&header);
        if !plan.read(&mut request, &state.image(), acks.err()) {
            return Staged::Done(Outcome::Close("produce of too many partitions"));
        }
        let acks = acks.unwrap_or(Acks::Leader);
        let ticket = state.shard().produce(std::mem::take(&mut plan.parts), acks, deadline).await;
        Staged::Later(Box::pin(async move {
            // The batches stand on the request's memory until they are written.
            let _charge = charge;
            answer(plan, ticket, acks, &header, &state).await
        }))
    })
}

async fn answer(
    mut plan: Plan,
    ticket: ProduceTicket,
    acks: Acks,
    header: &RequestHeader,
    broker: &Broker,
) -> Outcome {
    for (index, answer) in ticket.answers().await {
        plan.settle(index, answer);
    }
    broker.count_errors(ApiKey::Produce, plan.errors());
    if acks == Acks::None {
        let first = plan.errors().next();
        return match first {
            None => Outcome::Silence,
            Some(error) => {
                tracing::info!(%error, "a produce that expects no answer failed");
                Outcome::Close("a produce that expects no answer failed")
            }
        };
    }
    let topics = plan.topics;
    let response = ProduceResponse { topics, throttle_time_ms: 0, node_endpoints: Vec::new() };
    match response.encode(header) {
        Ok(frame) => Outcome::Reply(vec![Part::Memory(frame)]),
        Err(error) => {
            tracing::error!(%error, "produce response not encodable");
            Outcome::Close("response not encodable")
        }
    }
}

/// The batches to append, and the answer as far as it is known. `parts[i].index` is the place in
/// `places`.
struct Plan {
    parts: Vec<AppendPart>,
    topics: Vec<ProduceTopicResponse>,
    /// Topic and partition in `topics` of every part.
    places: Vec<(usize, usize)>,
    zstd_allowed: bool,
    is_admin: bool,
    now_ms: i64,
}

impl Plan {
    fn new(header: &RequestHeader) -> Plan {
        Plan {
            parts: Vec::new(),
            topics: Vec::new(),
            places: Vec::new(),
            zstd_allowed: header.version >= ZSTD_FROM,
            is_admin: header.client_id.as_deref() == Some(ADMIN_CLIENT),
            now_ms: runtime::wall(),
        }
    }

    /// Takes the request apart. `refused` is the answer for all of it. False: too much in it.
    fn read(
        &mut self,
        request: &mut ProduceRequest,
        image: &Image,
        refused: Option<ErrorCode>,
    ) -> bool {
        let mut entries = 0;
        while let Some(topic) = request.next_topic() {
            entries += 1 + request.partitions_left();
            if entries > names::ENTRIES_MAX {
                return false;
            }
            let found = match refused {
                Some(error) => Err(error),
                None => self.find(image, &topic),
            };
            let mut partitions = Vec::with_capacity(request.partitions_left());
            while let Some(partition) = request.next_partition() {
                let place = (self.topics.len(), partitions.len());
                partitions.push(self.place(found, partition, place));
            }
            self.topics.push(ProduceTopicResponse { topic, partitions });
        }
        true
    }

    fn find<'a>(&self, image: &'a Image, topic: &TopicRef) -> Result<&'a TopicImage, ErrorCode> {
        let found = names::find(image, topic)?;
        if is_internal(&found.name) && !self.is_admin {
            return Err(ErrorCode::InvalidTopicException);
        }
        Ok(found)
    }

    /// Adds one batch to the parts, or says why not.
    fn place(
        &mut self,
        topic: Result<&TopicImage, ErrorCode>,
        partition: ProducePartition,
        place: (usize, usize),
    ) -> ProducePartitionResponse {
        let ProducePartition { index, records } = partition;
        let topic = match topic {
            Ok(topic) => topic,
            Err(error) => return ProducePartitionResponse::refused(index, error),
        };
        if topic.partition(index).is_none() {
            return ProducePartitionResponse::refused(index, ErrorCode::UnknownTopicOrPartition);
        }
        let batch = records.unwrap_or_default();
        match check_produced(&batch, &self.rules(&topic.config)) {
            Ok(header) => {
                let log = LogId { topic: topic.id, partition: index };
                let part = AppendPart { index: self.places.len() as u32, log, header, batch };
                self.places.push(place);
                self.parts.push(part);
                // Overwritten by what the owner says.
                ProducePartitionResponse::refused(index, ErrorCode::RequestTimedOut)
            }
            Err(error) => {
                let mut refused = ProducePartitionResponse::refused(index, batch_error(&error));
                refused.record_errors = record_errors(&error);
                refused.error_message = Some(names::text(error));
                refused
            }
        }
    }

    fn rules(&self, config: &TopicConfig) -> ProduceRules {
        ProduceRules {
            bytes_max: config.max_message_bytes as usize,
            zstd_allowed: self.zstd_allowed,
            append_time: config.message_timestamp_type == TimestampType::LogAppendTime,
            now_ms: self.now_ms,
            timestamp_before_max_ms: config.timestamp_before_max_ms,
            timestamp_after_max_ms: config.timestamp_after_max_ms,
            keys_required: config.cleanup_policy.compacts(),
        }
    }

    fn settle(&mut self, index: u32, answer: Result<Appended, AppendError>) {
        let place = self.places.get(index as usize);
        let Some(partition) = place.and_then(|(topic, partition)| {
            self.topics.get_mut(*topic)?.partitions.get_mut(*partition)
        }) else {
            return;
        };
        match answer {
            Ok(appended) => {
                partition.error = ErrorCode::None;
                partition.base_offset = appended.base_offset;
                partition.log_append_time_ms = appended.log_append_time.unwrap_or(-1);
                partition.log_start_offset = appended.log_start;
            }
            Err(error) => {
                partition.error = append_error(error);
                partition.error_message = Some(names::text(error));
            }
        }
    }

    fn errors(&self) -> impl Iterator<Item = ErrorCode> {
        let partitions = self.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.map(|partition| partition.error).filter(|error| error.is_error())
    }
}

/// Kafka's code for a batch that was refused.
fn batch_error(error: &BatchError) -> ErrorCode {
    match error {
        BatchError::NoBatch
        | BatchError::Truncated { .. }
        | BatchError::MoreThanOneBatch { .. }
        | BatchError::OldMagic { .. }
        | BatchError::BaseOffset { .. }
        | BatchError::RecordCount { .. }
        | BatchError::TooManyRecords { .. }
        | BatchError::ControlBatch
        | BatchError::ProducerState { .. }
        | BatchError::Keyless { .. }
        | BatchError::Records(_) => ErrorCode::InvalidRecord,
        BatchError::TooSmall { .. } | BatchError::UnknownMagic { .. } | BatchError::Crc { .. } => {
            ErrorCode::CorruptMessage
        }
        BatchError::TooLarge { .. } => ErrorCode::MessageTooLarge,
        BatchError::UnknownCodec { .. } | BatchError::ZstdNotAllowed => {
            ErrorCode::UnsupportedCompressionType
        }
        BatchError::AppendTimeByClient | BatchError::Timestamp { .. } => {
            ErrorCode::InvalidTimestamp
        }
    }
}

/// The records that made a batch fail, where it is known which.
fn record_errors(error: &BatchError) -> Vec<RecordError> {
    let BatchError::Keyless { indexes, .. } = error else { return Vec::new() };
    let keyless = StrBytes::from_static_str("a compacted topic takes no record without a key");
    let named = |index: &i32| RecordError { batch_index: *index, message: Some(keyless.clone()) };
    indexes.iter().map(named).collect()
}

/// Kafka's code for an append that was refused or not acknowledged.
fn append_error(error: AppendError) -> ErrorCode {
    match error {
        AppendError::UnknownPartition => ErrorCode::UnknownTopicOrPartition,
        AppendError::NotLeader => ErrorCode::NotLeaderOrFollower,
        AppendError::NotEnoughReplicas => ErrorCode::NotEnoughReplicas,
        AppendError::NotEnoughReplicasAfterAppend => ErrorCode::NotEnoughReplicasAfterAppend,
        // Busy: nothing was appended; the client comes back without asking for metadata first.
        AppendError::TimedOutAfterAppend | AppendError::Busy => ErrorCode::RequestTimedOut,
        AppendError::OutOfOrderSequence => ErrorCode::OutOfOrderSequenceNumber,
        AppendError::InvalidProducerEpoch => ErrorCode::InvalidProducerEpoch,
        AppendError::InvalidTransactionState => ErrorCode::InvalidTxnState,
        AppendError::Storage | AppendError::DiskLow => ErrorCode::KafkaStorageError,
    }
}
