//! `corelog produce`: the lines of standard input become records. Exits 0 when every one of them
//! is answered as `--acks` asks.

use std::collections::BTreeMap;
use std::io::{BufRead, stdin};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use corelog_engine::record::Codec;
use tokio::sync::mpsc;

use super::run::Server;
use super::topic::Name;
use crate::client::{Outgoing, Producer};

/// Lines read ahead of what is sent.
const LINES_AHEAD: usize = 4096;

/// Arguments of `corelog produce`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    topic: Name,
    /// Send everything to this partition; by key without, in turn without a key
    #[arg(long, value_name = "NUMBER")]
    partition: Option<i32>,
    /// What stands between key and value in a line; lines without it have no key
    #[arg(long, value_name = "TEXT")]
    key_separator: Option<String>,
    /// How batches are compressed
    #[arg(long, value_enum, default_value_t, value_name = "CODEC")]
    compression: Compression,
    /// Who must have a record before it counts: 0 nobody, 1 the leader, all in-sync replicas
    #[arg(long, default_value = "all", value_parser = acks)]
    acks: Acks,
    /// Bytes of records in one batch
    #[arg(long, default_value_t = 16 << 10, value_name = "BYTES")]
    batch_size: usize,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Compression {
    #[default]
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

#[derive(Debug, Clone, Copy)]
struct Acks(i16);

fn acks(text: &str) -> Result<Acks, String> {
    match text {
        "0" => Ok(Acks(0)),
        "1" => Ok(Acks(1)),
        "all" | "-1" => Ok(Acks(-1)),
        _ => Err("valid is 0, 1 or all".to_owned()),
    }
}

impl Compression {
    fn codec(self) -> Codec {
        match self {
            Compression::None => Codec::None,
            Compression::Gzip => Codec::Gzip,
            Compression::Snappy => Codec::Snappy,
            Compression::Lz4 => Codec::Lz4,
            Compression::Zstd => Codec::Zstd,
        }
    }
}

impl Arguments {
    /// Returns at the end of standard input.
    ///
    /// # Errors
    /// The first batch that is refused; nothing is sent after it.
    pub async fn run(self) -> anyhow::Result<()> {
        let cluster = self.server.connect().await?;
        let topic = self.topic.text().to_owned();
        let codec = self.compression.codec();
        let mut producer = Producer::open(cluster, &topic, self.acks.0, codec).await?;
        let mut lines = lines_of_stdin();
        while let Some(line) = lines.recv().await {
            let mut batches: BTreeMap<i32, Vec<Outgoing>> = BTreeMap::new();
            let mut bytes = 0;
            let mut next = Some(line);
            while let Some(line) = next {
                let record = record(line?, self.key_separator.as_deref());
                bytes += record.value.as_ref().map_or(0, Vec::len) + 16;
                let to = self.partition;
                let to = to.unwrap_or_else(|| producer.partition_for(record.key.as_deref()));
                batches.entry(to).or_default().push(record);
                next = if bytes < self.batch_size { lines.try_recv().ok() } else { None };
            }
            for (partition, records) in batches {
                producer.send(partition, &records).await?;
            }
            producer.turn();
        }
        Ok(())
    }
}

/// Lines, read by a thread of their own: standard input blocks.
fn lines_of_stdin() -> mpsc::Receiver<std::io::Result<Vec<u8>>> {
    let (lines, receiver) = mpsc::channel(LINES_AHEAD);
    std::thread::spawn(move || {
        let mut input = stdin().lock();
        loop {
            let mut line = Vec::new();
            let read = input.read_until(b'\n', &mut line);
            line.pop_if(|last| *last == b'\n');
            let (more, line) = match read {
                Ok(0) => return,
                Ok(_) => (true, Ok(line)),
                Err(error) => (false, Err(error)),
            };
            if lines.blocking_send(line).is_err() || !more {
                return;
            }
        }
    });
    receiver
}

fn record(line: Vec<u8>, separator: Option<&str>) -> Outgoing {
    let found = separator.filter(|separator| !separator.is_empty()).and_then(|separator| {
        let at = line.windows(separator.len()).position(|part| part == separator.as_bytes())?;
        Some((line[..at].to_vec(), line[at + separator.len()..].to_vec()))
    });
    let (key, value) = match found {
        Some((key, value)) => (Some(key), value),
        None => (None, line),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let timestamp = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    Outgoing { key, value: Some(value), timestamp }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_at_the_first_separator() {
        let split = |line: &str, separator| {
            let record = record(line.as_bytes().to_vec(), separator);
            (record.key, record.value.unwrap())
        };
        assert_eq!(split("a::b::c", Some("::")), (Some(b"a".to_vec()), b"b::c".to_vec()));
        assert_eq!(split("abc", Some("::")), (None, b"abc".to_vec()));
        assert_eq!(split("a::b", None), (None, b"a::b".to_vec()));
        assert_eq!(split("::b", Some("::")), (Some(Vec::new()), b"b".to_vec()));
    }
}
