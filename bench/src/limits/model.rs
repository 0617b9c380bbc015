//! The cost model: from the primitives to what a machine allows. Pure.
//!
//! Of a request of B bytes a broker's core has at least
//! `t_req + B * (c_recv + c_crc + c_app)` to do, where `c_app` is `c_pcw + c_wb` for an append by
//! way of the page cache and `c_dio` for one past it; for a fetch `t_req + B * c_sf`. The other
//! side of the connection has at least `B * c_snd` or `B * c_recv` to do, on as many cores. The
//! slowest of these bounds both, and the device bounds what is to last. An ack of one request alone
//! takes a round trip, that work, and a sync. Of every primitive the best case counts: nobody can
//! do better.

use super::direct::NEW_BLOCKS;
use super::figures::Figures;
use super::page_cache::NEW_PAGES;
use super::round_trip::IDLE;
use super::site::{GB, MICROS};

/// Bytes of a megabyte, as in the figures of `compare`.
const MB: f64 = 1e6;
/// Milliseconds of a second.
const MILLIS: f64 = 1e3;

/// The primitives that the model needs. Seconds, bytes, and seconds per byte.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// c_recv.
    pub receive: f64,
    /// c_snd.
    pub send: f64,
    /// c_sf.
    pub sendfile: f64,
    /// c_crc.
    pub checksum: f64,
    /// c_pcw + c_wb.
    pub cached_append: f64,
    /// c_dio.
    pub direct_append: f64,
    /// b_dev, in bytes a second.
    pub device: f64,
    /// S_ovw, half of all.
    pub sync: f64,
    /// t_rtt with ends that sleep.
    pub round_trip: f64,
    /// t_req.
    pub request: f64,
}

/// A request of a workload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// All of it.
    pub wire_bytes: f64,
    /// The record values in it, which are what rates are told in.
    pub value_bytes: f64,
}

/// The requests of the goals that have limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shapes {
    /// Of the throughput.
    pub bulk: Shape,
    /// Of one record alone.
    pub lone: Shape,
    /// Of what a producer collects at a tenth of the load.
    pub collected: Shape,
    /// Of a fetch.
    pub fetch: Shape,
}

/// A limit: the figure of `compare` that it belongs to, in that figure's unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Allowed {
    /// The figure.
    pub figure: String,
    /// The limit.
    pub value: f64,
    /// What it consists of, or what bounds it.
    pub by: &'static str,
}

impl Costs {
    /// Of what was measured; `None` while a primitive is missing.
    pub fn of(figures: &Figures) -> Option<Costs> {
        let per_byte = |name, case| Some(figures.least(name, case)? / GB);
        let micros = |name, case| Some(figures.least(name, case)? / MICROS);
        Some(Costs {
            receive: per_byte("c_recv", "")?,
            send: per_byte("c_snd", "")?,
            sendfile: per_byte("c_sf", "")?,
            checksum: per_byte("c_crc", "")?,
            cached_append: per_byte("c_pcw", NEW_PAGES)? + per_byte("c_wb", "")?,
            direct_append: per_byte("c_dio", "")?,
            device: figures.greatest("b_dev", NEW_BLOCKS)? * GB,
            sync: micros("S_ovw", "4 KiB p50")?,
            round_trip: micros("t_rtt", IDLE)?,
            request: micros("t_req", "1 partition")?,
        })
    }

    /// CPU seconds of a produce request at the broker.
    fn produce(&self, bytes: f64, append: f64) -> f64 {
        self.request + bytes * (self.receive + self.checksum + append)
    }

    /// Seconds from a lone request to its durable ack.
    fn ack(&self, bytes: f64) -> f64 {
        let append = self.cached_append.min(self.direct_append);
        self.round_trip + self.produce(bytes, append) + self.sync
    }

    /// Megabytes of values a second that can be produced.
    fn produced(&self, shape: Shape, append: f64, cores: f64) -> (f64, &'static str) {
        let rates = [
            (cores / self.produce(shape.wire_bytes, append), "the broker's CPU"),
            (cores / (shape.wire_bytes * self.send), "the load's CPU: sending"),
            (self.device / shape.wire_bytes, "the device"),
        ];
        slowest(&rates, shape)
    }

    /// Megabytes of values a second that can be fetched from the page cache.
    fn fetched(&self, shape: Shape, cores: f64) -> (f64, &'static str) {
        let rates = [
            (cores / (self.request + shape.wire_bytes * self.sendfile), "the broker's CPU"),
            (cores / (shape.wire_bytes * self.receive), "the load's CPU: receiving"),
        ];
        slowest(&rates, shape)
    }

    /// What is allowed with so many cores for the broker, and as many for the load.
    pub fn allow(&self, shapes: &Shapes, cores: f64) -> Vec<Allowed> {
        let appends = [(self.cached_append, "buffered"), (self.direct_append, "direct")];
        let mut allowed = Vec::new();
        let mut add = |figure: &str, (value, by): (f64, &'static str)| {
            allowed.push(Allowed { figure: figure.to_owned(), value, by });
        };
        let cached = self.produced(shapes.bulk, self.cached_append, cores);
        let direct = self.produced(shapes.bulk, self.direct_append, cores);
        add("d2 produce MB/s", if direct.0 > cached.0 { direct } else { cached });
        add("d1 produce MB/s", cached);
        add("idle ack p50 ms", (self.ack(shapes.lone.wire_bytes) * MILLIS, ACK));
        let end_to_end = self.ack(shapes.collected.wire_bytes) + self.round_trip;
        add("end to end p50 ms", (end_to_end * MILLIS, END_TO_END));
        add("tail MB/s", self.fetched(shapes.fetch, cores));
        let floor =
            |append| self.produce(shapes.bulk.wire_bytes, append) / shapes.bulk.value_bytes * GB;
        let least = appends.map(|(append, _)| floor(append)).into_iter().fold(f64::MAX, f64::min);
        add("half load CPU s/GB", (least, CPU));
        // Not judged by anybody: what each way of appending could reach.
        for (append, name) in appends {
            let rate = self.produced(shapes.bulk, append, cores);
            add(&format!("d2 produce MB/s, {name}"), rate);
            add(&format!("half load CPU s/GB, {name}"), (floor(append), CPU));
        }
        allowed
    }
}

const ACK: &str = "t_rtt + t_req + B (c_recv + c_crc + c_app) + S_ovw";
const END_TO_END: &str = "the ack of 16 KiB + t_rtt";
const CPU: &str = "t_req + B (c_recv + c_crc + c_app)";

/// The slowest of some rates of requests, in megabytes of values a second.
fn slowest(rates: &[(f64, &'static str)], shape: Shape) -> (f64, &'static str) {
    let least = rates.iter().copied().min_by(|(a, _), (b, _)| a.total_cmp(b));
    let (rate, by) = least.unwrap_or((0.0, ""));
    (rate * shape.value_bytes / MB, by)
}

#[cfg(test)]
#[path = "model_test.rs"]
mod model_test;
