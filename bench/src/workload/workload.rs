//! A workload: read from TOML, overridden by the command line, checked field by field. Pure.

use std::collections::BTreeMap;

use corelog_engine::record;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::fields::{FIELDS, Valid};

/// Why a workload cannot be used.
#[derive(Debug, Error)]
pub enum WorkloadError {
    /// Neither a built-in one nor a file.
    #[error("no workload `{0}`: `corelog-bench workloads` lists those there are, or name a file")]
    Unknown(String),
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Not TOML, a field nobody knows, or a value of the wrong kind.
    #[error("{place}: {why}")]
    Syntax {
        /// Name of the workload, or the override.
        place: String,
        /// What is wrong, with the line.
        why: String,
    },
    /// A number outside what is valid.
    #[error("{field} = {given}: valid is {low} to {high}. {meaning}")]
    Range {
        /// The field.
        field: &'static str,
        /// As given.
        given: f64,
        /// The smallest valid value.
        low: f64,
        /// The largest valid value.
        high: f64,
        /// What the field means.
        meaning: &'static str,
    },
    /// Fields that do not go together.
    #[error("{0}")]
    Conflict(&'static str),
}

/// Who must have a record before it is answered. Without any answer there is nothing to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Acks {
    /// All in-sync replicas.
    #[serde(rename = "all")]
    All,
    /// The leader.
    #[serde(rename = "1")]
    Leader,
}

/// How batches are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// snappy.
    Snappy,
    /// lz4.
    Lz4,
    /// zstd.
    Zstd,
}

/// Where consumers begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// Behind the last record.
    Latest,
    /// At the first record.
    Earliest,
}

/// A load. The fields are described in [`FIELDS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "FIELDS describes every one of them, for people and for the code")]
pub struct Workload {
    pub description: String,
    pub topic: String,
    pub partitions: i32,
    pub configs: BTreeMap<String, String>,
    pub producers: usize,
    pub in_flight: usize,
    pub record_bytes: usize,
    pub key_bytes: usize,
    pub batch_bytes: usize,
    pub batches_per_request: usize,
    pub acks: Acks,
    pub compression: Codec,
    pub rate: f64,
    pub warmup_seconds: u64,
    pub seconds: u64,
    pub records: u64,
    pub groups: usize,
    pub consumers: usize,
    pub fetch_bytes: usize,
    pub fetch_wait_ms: i32,
    pub start: Start,
    pub wrap: bool,
    pub cpus: Vec<usize>,
    pub spin: bool,
    pub idle_connections: usize,
    pub random_share: f64,
    pub pool_bytes: usize,
    pub seed: u64,
}

impl Default for Workload {
    fn default() -> Workload {
        Workload {
            description: String::new(),
            topic: "bench".to_owned(),
            partitions: 16,
            configs: BTreeMap::new(),
            producers: 1,
            in_flight: 5,
            record_bytes: 1024,
            key_bytes: 0,
            batch_bytes: 64 << 10,
            batches_per_request: 1,
            acks: Acks::All,
            compression: Codec::None,
            rate: 0.0,
            warmup_seconds: 5,
            seconds: 30,
            records: 0,
            groups: 0,
            consumers: 1,
            fetch_bytes: 1 << 20,
            fetch_wait_ms: 500,
            start: Start::Latest,
            wrap: false,
            cpus: Vec::new(),
            spin: false,
            idle_connections: 0,
            random_share: 0.5,
            pool_bytes: 64 << 20,
            seed: 1,
        }
    }
}

impl Workload {
    /// Reads a workload; `place` is what errors call it. `overrides` are `field=value` each, the
    /// value as TOML or as plain text.
    ///
    /// # Errors
    /// [`WorkloadError`], which names the field and says what is valid.
    pub fn read(place: &str, text: &str, overrides: &[String]) -> Result<Workload, WorkloadError> {
        let wrong = |place: &str, why: String| WorkloadError::Syntax {
            place: place.to_owned(),
            why: why.trim_end().to_owned(),
        };
        let mut table: toml::Table =
            text.parse().map_err(|why: toml::de::Error| wrong(place, why.to_string()))?;
        // The whole of the file is checked first, so that its errors carry their line.
        let _: Workload = toml::from_str(text).map_err(|why| wrong(place, why.to_string()))?;
        for given in overrides {
            let (name, value) =
                given.split_once('=').ok_or_else(|| wrong(given, "valid is field=value".into()))?;
            set(&mut table, name.trim(), value.trim())
                .map_err(|why| wrong(given, why.to_owned()))?;
        }
        let workload = Workload::deserialize(table)
            .map_err(|why| wrong(&overrides.join(" "), why.to_string()))?;
        workload.check()?;
        Ok(workload)
    }

    /// Whether every number is in its range and the fields go together.
    ///
    /// # Errors
    /// [`WorkloadError::Range`] or [`WorkloadError::Conflict`].
    pub fn check(&self) -> Result<(), WorkloadError> {
        let numbers = self.numbers();
        for field in FIELDS {
            let Valid::Between(low, high) = field.valid else { continue };
            let given = numbers.get(field.name).copied().unwrap_or(low);
            if !(low..=high).contains(&given) {
                let (field, meaning) = (field.name, field.meaning);
                return Err(WorkloadError::Range { field, given, low, high, meaning });
            }
        }
        if self.batches_per_request > usize::try_from(self.partitions).unwrap_or(0) {
            return Err(WorkloadError::Conflict("batches_per_request is more than partitions"));
        }
        if self.records > 0 && self.groups > 0 && self.producers > 0 {
            return Err(WorkloadError::Conflict(
                "records: a number of records ends producers or groups, not both together",
            ));
        }
        if self.compression != Codec::None && self.groups > 0 && self.producers > 0 {
            return Err(WorkloadError::Conflict(
                "compression: records of compressed batches carry no stamp, so that producers and \
                 groups cannot run together with it",
            ));
        }
        Ok(())
    }

    /// Every number by the name of its field.
    fn numbers(&self) -> BTreeMap<String, f64> {
        let table = toml::Table::try_from(self).unwrap_or_default();
        let numbers = table.into_iter().filter_map(|(name, value)| {
            let number = value.as_float().or_else(|| value.as_integer().map(|n| n as f64))?;
            Some((name, number))
        });
        numbers.collect()
    }

    /// The codec as the record format knows it.
    pub fn codec(&self) -> record::Codec {
        match self.compression {
            Codec::None => record::Codec::None,
            Codec::Gzip => record::Codec::Gzip,
            Codec::Snappy => record::Codec::Snappy,
            Codec::Lz4 => record::Codec::Lz4,
            Codec::Zstd => record::Codec::Zstd,
        }
    }

    /// The number of `acks` on the wire.
    pub fn acks_code(&self) -> i16 {
        match self.acks {
            Acks::All => -1,
            Acks::Leader => 1,
        }
    }
}

/// Sets one field; `outer.inner` sets an entry of a table of text.
fn set(table: &mut toml::Table, name: &str, value: &str) -> Result<(), &'static str> {
    let text = || toml::Value::String(value.trim_matches('"').to_owned());
    match name.split_once('.') {
        Some((outer, inner)) => {
            let empty = || toml::Value::Table(toml::Table::new());
            let inside = table.entry(outer).or_insert_with(empty).as_table_mut();
            inside.ok_or("is not a table")?.insert(inner.to_owned(), text());
        }
        None => {
            let parsed = format!("v = {value}").parse::<toml::Table>().ok();
            let value = parsed.and_then(|mut one| one.remove("v")).unwrap_or_else(text);
            table.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "workload_test.rs"]
mod workload_test;
