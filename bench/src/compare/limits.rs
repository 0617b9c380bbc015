//! What the machine allows: measured here and now, or read from a file of `corelog-bench limits`. A
//! JSON object with a number under the name of each figure that has a limit, in the figure's unit;
//! it may stand under `allows`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::goals::{GOALS, Goal, Target};
use super::settings::Settings;
use crate::limits::{self, Plan};
use crate::machine;

/// Figure and limit.
pub type Limits = BTreeMap<String, f64>;

/// Those of the file that was given; without one they are measured, if a row that is wanted has
/// one, and kept beside the results.
///
/// # Errors
/// The file is not there, or no JSON; or something cannot be measured.
pub fn find(settings: &Settings) -> anyhow::Result<Limits> {
    if let Some(path) = &settings.limits {
        return read(path);
    }
    let limited = |goal: &Goal| {
        let has_one = goal.targets.iter().any(|target| matches!(target, Target::OfLimit(_)));
        has_one && settings.wants(&[goal.row])
    };
    if !GOALS.iter().any(limited) {
        return Ok(Limits::new());
    }
    let output = settings.out.join("limits.json");
    limits::run(&limits::Settings {
        dir: settings.folder.clone(),
        output: output.clone(),
        plan: if settings.fills_cache { Plan::FULL } else { Plan::QUICK },
        fills_cache: false, // it is full
        cores: match settings.broker_cpus.len() {
            0 => (machine::allowed_cpus()?.len() / 2).max(1),
            split => split,
        },
    })?;
    read(&output)
}

fn read(path: &Path) -> anyhow::Result<Limits> {
    let text = fs::read_to_string(path).with_context(|| format!("no {}", path.display()))?;
    let whole: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
    Ok(parse(&whole))
}

fn parse(whole: &Value) -> Limits {
    let numbers = whole.get("allows").unwrap_or(whole).as_object();
    let pairs = numbers.into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_and_the_rest_is_left() {
        let whole = serde_json::json!({"machine": "m", "allows": {"tail MB/s": 5000, "x": "y"}});
        assert_eq!(parse(&whole), Limits::from([("tail MB/s".to_owned(), 5000.0)]));
        assert!(read(Path::new("/nowhere.json")).is_err());
    }
}
