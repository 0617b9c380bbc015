//! Logs to clean: what is written to them, and what is left in them.

use std::rc::Rc;

use crate::log::open::OpenFrom;
use crate::log::rig::{KeyedRecord, finished, keyed, place, records_of, try_open};
use crate::log::{Log, LogConfig};
use crate::record::{BatchBuilder, Codec, Offset};
use crate::runtime::ScratchDir;

pub(super) async fn open(scratch: &ScratchDir, config: LogConfig) -> Rc<Log> {
    try_open(&place(scratch), config, OpenFrom::default()).await.unwrap().0
}

pub(super) async fn append(log: &Log, records: &[(&str, Option<&str>)]) {
    append_as(log, records, Codec::None).await;
}

pub(super) async fn append_as(log: &Log, records: &[(&str, Option<&str>)], codec: Codec) {
    let offset = log.end_offset();
    log.append(vec![keyed(offset, 1_000 + offset, records, codec)]).await.unwrap();
}

/// Makes everything so far cleanable.
pub(super) async fn roll(log: &Log) {
    log.roll(log.end_offset()).await.unwrap();
}

pub(super) async fn content(log: &Log) -> Vec<KeyedRecord> {
    records_of(log).await.into_iter().flat_map(|(_, records)| records).collect()
}

pub(super) async fn pairs(log: &Log) -> Vec<(Offset, String, Option<String>)> {
    content(log).await.into_iter().map(|(offset, _, key, value)| (offset, key, value)).collect()
}

pub(super) fn pair(
    offset: Offset,
    key: &str,
    value: Option<&str>,
) -> (Offset, String, Option<String>) {
    (offset, key.to_owned(), value.map(str::to_owned))
}

pub(super) async fn append_built(
    log: &Log,
    mut builder: BatchBuilder,
    records: &[(&str, Option<&str>)],
) {
    let offset = log.end_offset();
    for (key, value) in records {
        builder.push(1_000 + offset, Some(key.as_bytes()), value.map(str::as_bytes));
    }
    log.append(vec![finished(builder, offset)]).await.unwrap();
}
