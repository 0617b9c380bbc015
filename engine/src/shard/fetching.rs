//! Fetch: read at every owner core, park until there is enough, trim to the limit.

use std::rc::Rc;

use super::message::{FetchAnswers, ShardMessage};
use super::world::Shard;
use crate::metadata::LogId;
use crate::partition::{FetchError, FetchPart, Fetched, Isolation, Watch};
use crate::record::Offset;
use crate::runtime::{self, Mono, Reply};

/// A fetch as the wire understood it.
#[derive(Clone, Debug)]
pub struct FetchSpec {
    /// The places, in request order.
    pub parts: Vec<FetchPart>,
    /// Wait for this many bytes ...
    pub min_bytes: u32,
    /// ... but not longer than this.
    pub wait_until: Mono,
    /// Limit over all places; the first batch goes even above it.
    pub max_bytes: u32,
    /// What may be seen.
    pub isolation: Isolation,
}

impl Shard {
    /// Answers as soon as `min_bytes` are there, an error is, or the time has passed.
    pub async fn fetch(self: &Rc<Self>, spec: FetchSpec) -> FetchAnswers {
        loop {
            let answers = self.read_everywhere(&spec).await;
            let late = runtime::now() >= spec.wait_until;
            if late || spec.parts.is_empty() || self.is_stopping() || is_enough(&answers, &spec) {
                return trim(answers, spec.max_bytes);
            }
            self.park(&spec, &answers).await;
        }
    }

    async fn read_everywhere(self: &Rc<Self>, spec: &FetchSpec) -> FetchAnswers {
        let mut waiting = Vec::new();
        let mut answers = FetchAnswers::with_capacity(spec.parts.len());
        let mut here = Vec::new();
        for (core, parts) in self.by_owner(spec.parts.clone(), |part| part.log) {
            if core == self.core {
                here = parts;
                continue;
            }
            let indexes: Vec<u32> = parts.iter().map(|part| part.index).collect();
            let (reply, answer) = runtime::reply();
            let (bytes_max, isolation) = (spec.max_bytes, spec.isolation);
            self.tell(core, ShardMessage::Fetch { parts, bytes_max, isolation, reply }).await;
            waiting.push((indexes, answer));
        }
        answers.extend(self.read_here(here, spec.max_bytes, spec.isolation).await);
        for (indexes, answer) in waiting {
            match answer.await {
                Ok(group) => answers.extend(group),
                Err(_) => {
                    answers.extend(indexes.into_iter().map(|at| (at, Err(FetchError::NotLeader))));
                }
            }
        }
        answers.sort_by_key(|(index, _)| *index);
        answers
    }

    /// Reads partitions of this core, in order, within one limit.
    pub(super) async fn read_here(
        &self,
        parts: Vec<FetchPart>,
        bytes_max: u32,
        isolation: Isolation,
    ) -> FetchAnswers {
        let mut left = bytes_max;
        let mut empty = true;
        let mut answers = FetchAnswers::with_capacity(parts.len());
        for part in parts {
            let limit = part.bytes_max.min(left);
            let answer = match self.partition(part.log) {
                Ok(partition) => partition.fetch(&part, isolation, limit, empty).await,
                Err(error) => Err(error),
            };
            if let Ok(fetched) = &answer {
                left = left.saturating_sub(u32::try_from(fetched.bytes).unwrap_or(u32::MAX));
                empty &= fetched.bytes == 0;
            }
            answers.push((part.index, answer));
        }
        answers
    }

    /// Waits for news on any of the places, or for the time to pass.
    async fn park(self: &Rc<Self>, spec: &FetchSpec, answers: &FetchAnswers) {
        let (reply, news) = runtime::reply();
        let watch = Watch::new(reply);
        let mut remote_news = Vec::new();
        for (core, places) in self.by_owner(places_seen(spec, answers), |(log, _)| *log) {
            if core == self.core {
                self.watch_here(&places, &watch);
            } else {
                let (reply, answer) = runtime::reply();
                self.tell(core, ShardMessage::Watch { places, reply }).await;
                remote_news.push(answer);
            }
        }
        for answer in remote_news {
            let watch = watch.clone();
            runtime::spawn(async move {
                // A dropped answer means that the core stops: look again as well.
                let _ = answer.await;
                watch.fire();
            });
        }
        let _ = runtime::within(spec.wait_until, news).await;
        watch.fire();
    }

    pub(super) fn watch_here(&self, places: &[(LogId, Offset)], watch: &Rc<Watch>) {
        for (log, offset) in places {
            match self.partition(*log) {
                Ok(partition) => partition.watch(*offset, watch),
                Err(_) => watch.fire(),
            }
        }
    }

    /// A parked fetch of another core: told once.
    pub(super) fn watch_for(&self, places: &[(LogId, Offset)], reply: Reply<()>) {
        self.watch_here(places, &Watch::new(reply));
    }
}

fn is_enough(answers: &FetchAnswers, spec: &FetchSpec) -> bool {
    let mut bytes = 0;
    for (_, answer) in answers {
        match answer {
            Ok(fetched) if fetched.diverging.is_none() => bytes += fetched.bytes,
            _ => return true,
        }
    }
    bytes >= u64::from(spec.min_bytes)
}

/// Each place with the offset up to which its answer has looked.
fn places_seen(spec: &FetchSpec, answers: &FetchAnswers) -> Vec<(LogId, Offset)> {
    let seen = |part: &FetchPart| {
        let at = answers.binary_search_by_key(&part.index, |(index, _)| *index).ok()?;
        let (_, Ok(fetched)) = answers.get(at)? else { return None };
        Some((part.log, part.offset.max(fetched.high_watermark)))
    };
    spec.parts.iter().filter_map(seen).collect()
}

/// Every core read within the whole limit: cut what exceeds it together, last places first. The
/// first answer with bytes stays whole.
fn trim(mut answers: FetchAnswers, max_bytes: u32) -> FetchAnswers {
    let mut left = u64::from(max_bytes);
    let mut first = true;
    for fetched in answers.iter_mut().filter_map(|(_, answer)| answer.as_mut().ok()) {
        if fetched.bytes > left && !first {
            cut(fetched);
        }
        left = left.saturating_sub(fetched.bytes);
        first &= fetched.bytes == 0;
    }
    answers
}

fn cut(fetched: &mut Fetched) {
    fetched.parts.clear();
    fetched.bytes = 0;
}
