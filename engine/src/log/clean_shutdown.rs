//! `.kafka_cleanshutdown` of a log dir: says that every log in it was closed, and by which broker
//! epoch.
//!
//! JSON as Kafka writes it, `{"version":0,"brokerEpoch":7}`. Written last at a controlled stop,
//! taken away first at a start, so that it never speaks for a run that crashed. Must not know logs.
//! Runs anywhere.

use std::io;

use serde::Deserialize;

use crate::runtime::Directory;

const FILE: &str = ".kafka_cleanshutdown";
const BYTES_MAX: usize = 64 << 10;

#[derive(Deserialize)]
struct Content {
    version: i32,
    #[serde(rename = "brokerEpoch")]
    broker_epoch: Option<i64>,
}

/// What the file of a log dir said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanShutdown {
    /// Epoch of the broker that stopped; `None` when unknown (older writers leave the file empty).
    pub broker_epoch: Option<i64>,
}

/// Reads the file and takes it away, durably; `None` when the last run did not end cleanly.
pub async fn take(log_dir: &Directory) -> io::Result<Option<CleanShutdown>> {
    let bytes = match log_dir.read(FILE, BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    log_dir.unlink(FILE).await?;
    log_dir.sync().await?;
    Ok(Some(parse(&bytes)))
}

/// Writes the file; every log of the log dir is closed.
pub async fn write(log_dir: &Directory, broker_epoch: i64) -> io::Result<()> {
    log_dir.replace(FILE, text(broker_epoch).into_bytes()).await
}

fn parse(bytes: &[u8]) -> CleanShutdown {
    let content = serde_json::from_slice::<Content>(bytes).ok();
    let known = content.filter(|content| content.version == 0);
    CleanShutdown { broker_epoch: known.and_then(|content| content.broker_epoch) }
}

fn text(broker_epoch: i64) -> String {
    format!("{{\"version\":0,\"brokerEpoch\":{broker_epoch}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_kafkas_and_reads_back() {
        assert_eq!(text(7), r#"{"version":0,"brokerEpoch":7}"#);
        assert_eq!(parse(text(7).as_bytes()).broker_epoch, Some(7));
        assert_eq!(parse(b"").broker_epoch, None);
        assert_eq!(parse(br#"{"version":3,"brokerEpoch":7}"#).broker_epoch, None);
    }
}
