//! What a series is, and the list of them all.

use super::{cores, kafka_broker, kafka_groups, kafka_requests, kafka_topics, node, requests};
use crate::http::samples::Samples;
use crate::http::scrape::Scrape;

/// What the values of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only ever rises, until the broker starts again.
    Counter,
    /// A level.
    Gauge,
    /// How many took how long, over all time.
    Times,
    /// How many were how large, over all time.
    Sizes,
    /// Quantiles over all time.
    Summary,
    /// A level whose name, which others gave, says that it is something else.
    Untyped,
}

/// One series: a row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Series {
    /// Its name; histograms and summaries add `_bucket`, `_sum` and `_count`.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What is counted or measured, in the plural.
    pub unit: &'static str,
    /// Names of its labels. A value may lack a label where that says "all of them".
    pub labels: &'static [&'static str],
    /// One or two sentences for people.
    pub meaning: &'static str,
    /// Writes the values.
    pub values: fn(&Scrape, &mut Samples<'_>),
}

/// Where the values come from.
pub type Values = fn(&Scrape, &mut Samples<'_>);

/// Every series, in the order of the page.
pub const SERIES: &[&[Series]] = &[
    cores::SERIES,
    requests::SERIES,
    node::SERIES,
    kafka_broker::SERIES,
    kafka_requests::SERIES,
    kafka_topics::SERIES,
    kafka_groups::SERIES,
];

/// A row of this kind.
pub const fn series(
    kind: Kind,
    name: &'static str,
    (unit, labels): (&'static str, &'static [&'static str]),
    meaning: &'static str,
    values: Values,
) -> Series {
    Series { name, kind, unit, labels, meaning, values }
}

/// A series with one value for each core.
macro_rules! per_core {
    ($kind:ident $name:literal, $unit:literal, $meaning:literal, $value:expr) => {
        $crate::http::series::table::series(
            $crate::http::series::table::Kind::$kind,
            $name,
            ($unit, &["core"]),
            $meaning,
            |scrape, samples| {
                for core in &scrape.cores {
                    let value: fn(&$crate::http::scrape::Core) -> f64 = $value;
                    samples.value(&[&core.label], value(core));
                }
            },
        )
    };
}

/// A series with one value for the node.
macro_rules! one_value {
    ($kind:ident $name:literal, $unit:literal, $meaning:literal, $value:expr) => {
        $crate::http::series::table::series(
            $crate::http::series::table::Kind::$kind,
            $name,
            ($unit, &[]),
            $meaning,
            |scrape, samples| {
                let value: fn(&$crate::http::scrape::Scrape) -> f64 = $value;
                samples.value(&[], value(scrape));
            },
        )
    };
}

pub(super) use {one_value, per_core};
