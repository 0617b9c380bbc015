//! What the machine allows, as measured by itself: a JSON object with a number under the name of
//! each figure that has a limit, in the figure's unit. Files of `corelog-bench limits` have them
//! under `allows`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

/// Figure and limit.
pub type Limits = BTreeMap<String, f64>;

/// Reads them; without a file there are none.
///
/// # Errors
/// The file is not there, or no JSON.
pub fn read(path: Option<&Path>) -> anyhow::Result<Limits> {
    let Some(path) = path else { return Ok(Limits::new()) };
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
        assert!(read(Some(Path::new("/nowhere.json"))).is_err());
        assert!(read(None).unwrap().is_empty());
    }
}
