//! `corelog group list`: the groups of all brokers.

use std::io::Write;

use serde_json::json;

use super::columns::groups_text;
use crate::cli::output::{Format, json_line, out};
use crate::cli::run::Server;
use crate::client::GroupEntry;

/// Arguments of `corelog group list`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Show states; only groups in these, comma separated, when some are named
    #[arg(long, value_name = "STATES", num_args = 0..=1, default_missing_value = "")]
    state: Option<String>,
    /// Show types; only groups of these, comma separated, when some are named
    #[arg(long = "type", value_name = "TYPES", num_args = 0..=1, default_missing_value = "")]
    types: Option<String>,
    /// Leave out groups that are not of consumers, such as those of Kafka Connect
    #[arg(long)]
    consumers: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    server: Server,
}

impl Arguments {
    /// Prints them.
    ///
    /// # Errors
    /// What a broker refuses.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut groups = self.server.connect().await?.groups().await?;
        groups.retain(|group| {
            is_among(self.state.as_deref(), &group.state)
                && is_among(self.types.as_deref(), &group.group_type)
                && (!self.consumers || group.is_of_consumers())
        });
        if self.format == Format::Json {
            return json_line(&groups.iter().map(group_json).collect());
        }
        let text = groups_text(&groups, self.types.is_some(), self.state.is_some());
        let mut out = out();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }
}

/// Whether `word` is one of a comma separated list; an empty list has them all.
fn is_among(list: Option<&str>, word: &str) -> bool {
    let list = list.unwrap_or_default();
    list.is_empty() || list.split(',').any(|one| one.trim().eq_ignore_ascii_case(word))
}

fn group_json(group: &GroupEntry) -> serde_json::Value {
    json!({
        "group": group.group,
        "protocolType": group.protocol_type,
        "type": group.group_type,
        "state": group.state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_lists_whatever_their_case() {
        assert!(is_among(None, "Stable"));
        assert!(is_among(Some(""), "Stable"));
        assert!(is_among(Some("empty, stable"), "Stable"));
        assert!(!is_among(Some("empty"), "Stable"));
    }
}
