//! Series of requests by their name, and of group commits: how long, how large, over all cores.

use super::table::Kind::{Counter, Sizes, Times};
use super::table::{Series, series};
use crate::http::samples::Samples;
use crate::http::scrape::Scrape;

/// What is recorded is nanoseconds; what is told is seconds.
const NANOS: f64 = 1e-9;

/// The rows.
#[rustfmt::skip]
pub const SERIES: &[Series] = &[
    series(Times, "corelog_request_seconds", ("seconds", &["request"]),
        "From the last byte of a request to the last byte of its answer, fetches that wait for \
         records included.", request_seconds),
    series(Counter, "corelog_requests_refused_total", ("requests", &["request"]),
        "Requests that ended their connection instead of being answered.", refused),
    series(Times, "corelog_commit_seconds", ("seconds", &[]),
        "From the start to the end of the flush of a group commit; a small group is written and \
         flushed in one.",
        |scrape, samples| {
            samples.histogram(&[], &scrape.merged(|core| core.commit_time.read()), NANOS);
        }),
    series(Sizes, "corelog_commit_bytes", ("bytes", &[]),
        "Bytes of record batches that one group commit made durable.",
        |scrape, samples| {
            samples.histogram(&[], &scrape.merged(|core| core.commit_bytes.read()), 1.0);
        }),
    series(Sizes, "corelog_commit_batches", ("batches", &[]),
        "Record batches that one group commit made durable.",
        |scrape, samples| {
            samples.histogram(&[], &scrape.merged(|core| core.commit_batches.read()), 1.0);
        }),
    series(Times, "corelog_append_write_seconds", ("seconds", &[]),
        "From the start to the end of writing what had queued up for one log, where that did not \
         flush as well.",
        |scrape, samples| {
            samples.histogram(&[], &scrape.merged(|core| core.write_time.read()), NANOS);
        }),
];

fn request_seconds(scrape: &Scrape, samples: &mut Samples<'_>) {
    for (name, requests) in &scrape.requests {
        samples.histogram(&[name], &requests.total, NANOS);
    }
}

fn refused(scrape: &Scrape, samples: &mut Samples<'_>) {
    for (name, requests) in &scrape.requests {
        samples.value(&[name], requests.refused as f64);
    }
}
