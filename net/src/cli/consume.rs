//! `corelog consume`: print the records of a topic, in the order of each partition; with
//! `--group` those of the partitions that the group gives to this member.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;

use super::output::{Format, out};
use super::reading::Reading;
use super::run::Server;
use super::topic::Name;
use crate::client::{Consumed, Consumer, GroupConsumer, Start};

/// Arguments of `corelog consume`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    topic: Name,
    /// Read this partition only
    #[arg(long, value_name = "NUMBER")]
    partition: Option<i32>,
    /// Share the partitions with the other members of this group, and go on where it left off
    #[arg(long, value_name = "GROUP", conflicts_with_all = ["partition", "offset"])]
    group: Option<String>,
    /// Where to begin: a number, earliest or latest
    #[arg(long, default_value = "latest", value_parser = start)]
    offset: Start,
    /// The same as --offset earliest; in a group, where that has no offset yet
    #[arg(long, conflicts_with = "offset")]
    from_beginning: bool,
    /// Stop after this many records
    #[arg(long, value_name = "COUNT")]
    max_messages: Option<u64>,
    /// Stop when nothing has come for this long
    #[arg(long, value_name = "MILLISECONDS")]
    timeout_ms: Option<u64>,
    /// Form of the output; JSON is an object per line
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print the partition before the value
    #[arg(long)]
    print_partition: bool,
    /// Print the offset before the value
    #[arg(long)]
    print_offset: bool,
    /// Print the timestamp before the value
    #[arg(long)]
    print_timestamp: bool,
    /// Print the key before the value
    #[arg(long)]
    print_key: bool,
    /// Print the headers before the value
    #[arg(long)]
    print_headers: bool,
    #[command(flatten)]
    server: Server,
}

fn start(text: &str) -> Result<Start, String> {
    match text {
        "earliest" => Ok(Start::Earliest),
        "latest" => Ok(Start::Latest),
        number => match number.parse::<i64>() {
            Ok(offset) if offset >= 0 => Ok(Start::At(offset)),
            Ok(_) | Err(_) => Err("valid is a number from 0, earliest or latest".to_owned()),
        },
    }
}

impl Arguments {
    /// Returns after `--max-messages`, when `--timeout-ms` has passed without a record, and, in a
    /// group, when it is interrupted.
    ///
    /// # Errors
    /// A refusal, or standard output is closed.
    pub async fn run(self) -> anyhow::Result<()> {
        let topic = self.topic.text().to_owned();
        let mut reading = self.open(&topic).await?;
        let mut left = self.max_messages.unwrap_or(u64::MAX);
        let patience = self.timeout_ms.map(Duration::from_millis);
        let mut last = Instant::now();
        while left > 0 && patience.is_none_or(|patience| last.elapsed() < patience) {
            let Some(records) = reading.poll().await? else { break };
            if records.is_empty() {
                continue;
            }
            last = Instant::now();
            let mut out = out();
            for record in records.iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
                self.print(&topic, record, &mut out)?;
                reading.done(record);
                left -= 1;
            }
            out.flush()?;
        }
        Ok(reading.close().await?)
    }

    async fn open(&self, topic: &str) -> anyhow::Result<Reading> {
        let cluster = self.server.connect().await?;
        let start = if self.from_beginning { Start::Earliest } else { self.offset };
        Ok(match &self.group {
            Some(group) => {
                let other = self.server.connect().await?;
                let consumer = GroupConsumer::open(cluster, other, topic, group, start).await?;
                Reading::in_group(consumer)
            }
            None => Reading::alone(Consumer::open(cluster, topic, self.partition, start).await?),
        })
    }

    fn print(&self, topic: &str, record: &Consumed, out: &mut impl Write) -> std::io::Result<()> {
        if self.format == Format::Json {
            return writeln!(out, "{}", record_json(topic, record));
        }
        if self.print_timestamp {
            let clock = if record.log_append_time { "LogAppendTime" } else { "CreateTime" };
            write!(out, "{clock}:{}\t", record.timestamp)?;
        }
        if self.print_partition {
            write!(out, "Partition:{}\t", record.partition)?;
        }
        if self.print_offset {
            write!(out, "Offset:{}\t", record.offset)?;
        }
        if self.print_headers {
            print_headers(record, out)?;
        }
        if self.print_key {
            out.write_all(record.key.as_deref().unwrap_or(b"null"))?;
            out.write_all(b"\t")?;
        }
        out.write_all(record.value.as_deref().unwrap_or(b"null"))?;
        out.write_all(b"\n")
    }
}

fn print_headers(record: &Consumed, out: &mut impl Write) -> std::io::Result<()> {
    if record.headers.is_empty() {
        out.write_all(b"NO_HEADERS")?;
    }
    for (place, (key, value)) in record.headers.iter().enumerate() {
        if place > 0 {
            out.write_all(b",")?;
        }
        out.write_all(key)?;
        out.write_all(b":")?;
        out.write_all(value.as_deref().unwrap_or(b"null"))?;
    }
    out.write_all(b"\t")
}

/// Bytes that are not UTF-8 stand as hexadecimal digits in a field of another name.
fn record_json(topic: &str, record: &Consumed) -> serde_json::Value {
    let mut object = json!({
        "topic": topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
    });
    put_bytes(&mut object, "key", record.key.as_deref());
    put_bytes(&mut object, "value", record.value.as_deref());
    let headers = record.headers.iter().map(|(key, value)| {
        let mut header = json!({});
        put_bytes(&mut header, "key", Some(key));
        put_bytes(&mut header, "value", value.as_deref());
        header
    });
    object["headers"] = headers.collect();
    object
}

fn put_bytes(object: &mut serde_json::Value, name: &str, bytes: Option<&[u8]>) {
    match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => object[name] = serde_json::Value::Null,
        Some((_, Ok(text))) => object[name] = json!(text),
        Some((bytes, Err(_))) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            object[format!("{name}Hex")] = json!(hex);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_an_object_whatever_its_bytes() {
        let record = Consumed {
            partition: 1,
            offset: 2,
            timestamp: 3,
            log_append_time: false,
            key: None,
            value: Some(vec![0xff, 0]),
            headers: vec![(b"h".to_vec(), Some(b"x".to_vec()))],
        };
        assert_eq!(
            record_json("t", &record).to_string(),
            concat!(
                r#"{"headers":[{"key":"h","value":"x"}],"key":null,"offset":2,"partition":1,"#,
                r#""timestamp":3,"topic":"t","valueHex":"ff00"}"#
            )
        );
    }

    #[test]
    fn a_beginning_is_a_number_or_one_of_two_words() {
        assert_eq!(start("7"), Ok(Start::At(7)));
        assert_eq!(start("earliest"), Ok(Start::Earliest));
        assert!(start("-1").is_err());
        assert!(start("first").is_err());
    }
}
