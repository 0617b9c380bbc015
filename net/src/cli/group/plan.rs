//! A file of offsets to move to, as `--export` writes it and `--from-file` reads it: lines of
//! `topic,partition,offset`, with the group in front when there is more than one. Pure.

use std::collections::BTreeMap;

use anyhow::{Context, bail};

use crate::client::TopicPartition;

/// New offsets by group.
pub type Plan = BTreeMap<String, BTreeMap<TopicPartition, i64>>;

/// Writes a plan; without the groups when everybody knows which one it is.
pub fn write(plan: &Plan, with_group: bool) -> String {
    let mut text = String::new();
    for (group, offsets) in plan {
        for ((topic, partition), offset) in offsets {
            if with_group {
                text.push_str(&quoted(group));
                text.push(',');
            }
            text.push_str(&format!("{},{partition},{offset}\n", quoted(topic)));
        }
    }
    text
}

/// Reads a plan; lines without a group mean `only`.
///
/// # Errors
/// The first line that cannot be read.
pub fn read(text: &str, only: Option<&str>) -> anyhow::Result<Plan> {
    let mut plan = Plan::new();
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        let fields = fields(line).with_context(|| format!("line {number}: {line}"))?;
        let (group, rest) = match (fields.as_slice(), only) {
            ([topic, partition, offset], Some(group)) => {
                (group, [topic.as_str(), partition, offset])
            }
            ([group, topic, partition, offset], _) => {
                (group.as_str(), [topic.as_str(), partition, offset])
            }
            _ => bail!("line {number}: {line}: valid is group,topic,partition,offset"),
        };
        let [topic, partition, offset] = rest;
        let place = (
            topic.to_owned(),
            partition
                .parse()
                .with_context(|| format!("line {number}: invalid partition '{partition}'"))?,
        );
        let offset =
            offset.parse().with_context(|| format!("line {number}: invalid offset '{offset}'"))?;
        plan.entry(group.to_owned()).or_default().insert(place, offset);
    }
    Ok(plan)
}

/// A field, in quotes when something in it would end it.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r', ' ']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// The fields of a line, out of their quotes.
fn fields(line: &str) -> anyhow::Result<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line.trim();
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(inside) => unquoted(inside)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                (field.trim().to_owned(), after)
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None if after.trim().is_empty() => return Ok(fields),
            None => bail!("a comma is missing behind quotes"),
        }
    }
}

/// What stands before the closing quote, and what comes behind it.
fn unquoted(text: &str) -> anyhow::Result<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('"') {
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Ok((field, after)),
        }
    }
    bail!("a quote is not closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(group: &str) -> Plan {
        let offsets = [(("t".to_owned(), 0), 7), (("u".to_owned(), 3), 0)];
        BTreeMap::from([(group.to_owned(), BTreeMap::from(offsets))])
    }

    #[test]
    fn what_is_written_is_read() {
        for group in ["g", "a, \"b\""] {
            let plan = plan(group);
            let (short, long) = (write(&plan, false), write(&plan, true));
            assert_eq!(short, "t,0,7\nu,3,0\n");
            assert_eq!(read(&short, Some(group)).unwrap(), plan);
            assert_eq!(read(&long, None).unwrap(), plan);
            assert_eq!(read(&long, Some("other")).unwrap(), plan);
        }
        assert_eq!(write(&plan("g"), true), "g,t,0,7\ng,u,3,0\n");
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        for text in ["t,0", "t,0,7", "g,t,x,7", "g,t,0,x", "\"g,t,0,7", "\"g\"t,0,7", "a,b,c,d,e"] {
            let error = read(text, None).unwrap_err();
            assert!(format!("{error:#}").contains("line 1"), "{error:#}");
        }
        assert!(read("t,0,7", Some("g")).is_ok());
    }
}
