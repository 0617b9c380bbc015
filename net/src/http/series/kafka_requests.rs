//! Series of requests under the names that Kafka's JMX exporter gives them. A core is network
//! thread and request handler in one, so Kafka's stretches are told by what stands in their place.

use corelog_engine::metrics::Distribution;

use super::table::Kind::{Counter, Summary};
use super::table::{Series, series};
use crate::http::samples::Samples;
use crate::http::scrape::{Requests, Scrape};
use crate::wire::ErrorCode;

/// What is recorded is nanoseconds; what is told is milliseconds.
const MILLIS: f64 = 1e-6;
const REQUEST: (&str, &[&str]) = ("milliseconds", &["request"]);

/// The rows.
#[rustfmt::skip]
pub const SERIES: &[Series] = &[
    series(Counter, "kafka_network_requestmetrics_requests_total", ("requests", &["request"]),
        "Requests answered. FetchConsumer is every fetch of a consumer, which all are on one node.",
        |scrape, samples| {
            named(scrape, |name, of| samples.value(&[name], of.total.count() as f64));
        }),
    series(Counter, "kafka_network_requestmetrics_errors_total",
        ("partitions", &["request", "error"]),
        "Errors in answers to Produce and Fetch, one per partition. Other requests tell none.",
        errors),
    series(Summary, "kafka_network_requestmetrics_totaltimems", REQUEST,
        "From the last byte of a request to the last byte of its answer.",
        |scrape, samples| each(scrape, samples, |of| &of.total)),
    series(Summary, "kafka_network_requestmetrics_requestqueuetimems", REQUEST,
        "Until a handler takes it: those before it on its connection have to stand in their \
         owners' queues.", |scrape, samples| each(scrape, samples, |of| &of.queued)),
    series(Summary, "kafka_network_requestmetrics_localtimems", REQUEST,
        "Then until everything it asks for stands in its owner's queue.",
        |scrape, samples| each(scrape, samples, |of| &of.local)),
    series(Summary, "kafka_network_requestmetrics_remotetimems", REQUEST,
        "Then until its answer is known: flushes, other cores, more records, other members.",
        |scrape, samples| each(scrape, samples, |of| &of.remote)),
    series(Summary, "kafka_network_requestmetrics_responsequeuetimems", REQUEST,
        "Then until the answers before it have left.",
        |scrape, samples| each(scrape, samples, |of| &of.answer_queued)),
    series(Summary, "kafka_network_requestmetrics_responsesendtimems", REQUEST,
        "Then until the socket has taken it, with those that left together.",
        |scrape, samples| each(scrape, samples, |of| &of.sending)),
];

fn errors(scrape: &Scrape, samples: &mut Samples<'_>) {
    named(scrape, |name, requests| {
        for (code, count) in &requests.errors {
            let error = ErrorCode::from_code(*code).map_or("", ErrorCode::name);
            samples.value(&[name, error], *count as f64);
        }
    });
}

fn each(scrape: &Scrape, samples: &mut Samples<'_>, of: fn(&Requests) -> &Distribution) {
    named(scrape, |name, requests| samples.summary(&[name], of(requests), MILLIS));
}

fn named(scrape: &Scrape, mut tell: impl FnMut(&str, &Requests)) {
    for (name, requests) in &scrape.requests {
        tell(name, requests);
        if *name == "Fetch" {
            tell("FetchConsumer", requests);
        }
    }
}
