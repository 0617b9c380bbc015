//! `corelog group delete-offsets`: a group forgets how far it has come in some partitions.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::bail;

use super::columns::status_text;
use super::which::partitions;
use crate::cli::output::out;
use crate::cli::run::Server;
use crate::client::TopicPartition;
use crate::wire::ErrorCode;

/// Arguments of `corelog group delete-offsets`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Id of the group
    #[arg(long, value_name = "GROUP")]
    group: String,
    /// Which offsets: all of a topic, or topic:0,1,2; may be repeated
    #[arg(long = "topic", value_name = "TOPIC", required = true)]
    topics: Vec<String>,
    #[command(flatten)]
    server: Server,
}

impl Arguments {
    /// Says what came of each partition.
    ///
    /// # Errors
    /// When the group refuses, or one of the partitions is not forgotten.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut cluster = self.server.connect().await?;
        let partitions = partitions(&mut cluster, &self.topics).await?;
        let results = cluster.forget_offsets(&self.group, &partitions).await?;
        let statuses: BTreeMap<TopicPartition, String> =
            results.iter().map(|(place, code)| (place.clone(), status(*code))).collect();
        let mut out = out();
        out.write_all(status_text(&statuses).as_bytes())?;
        out.flush()?;
        match results.values().filter(|code| **code != 0).count() {
            0 => Ok(()),
            failed => bail!("{failed} of {} offsets were not deleted", results.len()),
        }
    }
}

fn status(code: i16) -> String {
    match ErrorCode::from_code(code) {
        Some(ErrorCode::None) => "Successful".to_owned(),
        Some(error) => format!("Error: {error}"),
        None => format!("Error: {code}"),
    }
}
