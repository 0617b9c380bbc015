//! Text as `kafka-consumer-groups` prints it: its columns, their least widths, its blank lines.
//! Pure.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::lag::Lag;
use crate::client::{GroupEntry, GroupState, MemberState, TopicPartition};

/// What stands where there is nothing to say.
const MISSING: &str = "-";

/// Groups in a listing: bare ids, or a table when there is more to show.
pub fn groups_text(groups: &[GroupEntry], with_type: bool, with_state: bool) -> String {
    if !with_type && !with_state {
        return groups.iter().map(|group| format!("{}\n", group.group)).collect();
    }
    let width = 10 + width(15, groups.iter().map(|group| group.group.as_str()));
    let mut text = String::new();
    let mut row = |group: &str, kind: &str, state: &str| {
        let _ = write!(text, "{group:<width$}");
        for (wanted, word) in [(with_type, kind), (with_state, state)] {
            if wanted {
                let _ = write!(text, " {word:<20}");
            }
        }
        text.push('\n');
    };
    row("GROUP", "TYPE", "STATE");
    for group in groups {
        row(&group.group, &capitalized(&group.group_type), &group.state);
    }
    text
}

/// `classic` as Kafka's tool shows it.
fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// What has to be said about a group's state besides its columns.
pub fn note(group: &GroupState) -> Option<String> {
    let id = &group.group;
    match group.state.as_str() {
        "Empty" => Some(format!("Consumer group '{id}' has no active members.")),
        "PreparingRebalance" | "CompletingRebalance" | "Assigning" | "Reconciling" => {
            Some(format!("Warning: Consumer group '{id}' is rebalancing."))
        }
        _ => None,
    }
}

/// How far a group has come.
pub fn lags_text(lags: &[Lag], verbose: bool) -> String {
    if lags.is_empty() {
        return String::new();
    }
    let reader = |lag: &Lag| match &lag.reader {
        Some(reader) => [&reader.member_id, &reader.host, &reader.client_id].map(String::clone),
        None => [MISSING; 3].map(str::to_owned),
    };
    let rows: Vec<Vec<String>> = lags
        .iter()
        .map(|lag| {
            let [member, host, client] = reader(lag);
            let mut row = vec![lag.group.clone(), lag.topic.clone(), lag.partition.to_string()];
            if verbose {
                row.push(or_missing(lag.leader_epoch));
            }
            row.extend([or_missing(lag.current), or_missing(lag.end), or_missing(lag.lag())]);
            row.extend([member, host, client]);
            row
        })
        .collect();
    let mut columns = vec![("GROUP", 15), ("TOPIC", 15), ("PARTITION", 10)];
    if verbose {
        columns.push(("LEADER-EPOCH", 15));
    }
    columns.extend([("CURRENT-OFFSET", 15), ("LOG-END-OFFSET", 15), ("LAG", 15)]);
    columns.extend([("CONSUMER-ID", 15), ("HOST", 15), ("CLIENT-ID", 0)]);
    table(&columns, &rows)
}

/// The members of a group.
pub fn members_text(group: &GroupState, verbose: bool) -> String {
    let members = &group.members;
    if members.is_empty() {
        return String::new();
    }
    let with_instance = members.iter().any(|member| member.instance_id.is_some());
    let says = |upgraded| members.iter().any(|member| member.upgraded == Some(upgraded));
    let with_upgraded = says(true) && says(false);
    let mut columns = vec![("GROUP", 15), ("CONSUMER-ID", 15)];
    if with_instance {
        columns.push(("GROUP-INSTANCE-ID", 17));
    }
    columns.extend([("HOST", 15), ("CLIENT-ID", 15), ("#PARTITIONS", 15)]);
    if verbose {
        columns.extend([("CURRENT-EPOCH", 15), ("CURRENT-ASSIGNMENT", 20)]);
        columns.extend([("TARGET-EPOCH", 15), ("TARGET-ASSIGNMENT", 20)]);
        if with_upgraded {
            columns.push(("UPGRADED", 0));
        }
    }
    let row = |member: &MemberState| {
        let mut row = vec![group.group.clone(), member.member_id.clone()];
        if with_instance {
            row.push(member.instance_id.clone().unwrap_or_default());
        }
        row.extend([member.host.clone(), member.client_id.clone()]);
        row.push(member.assigned.len().to_string());
        if verbose {
            row.extend([or_missing(member.epoch), partitions_text(&member.assigned)]);
            row.extend([or_missing(group.target_epoch), partitions_text(&member.target)]);
            if with_upgraded {
                row.push(or_missing(member.upgraded));
            }
        }
        row
    };
    table(&columns, &members.iter().map(row).collect::<Vec<_>>())
}

/// The state of a group.
pub fn state_text(group: &GroupState, verbose: bool) -> String {
    let (address, id) = &group.coordinator;
    let assignor = match group.assignor.as_str() {
        "" => MISSING,
        assignor => assignor,
    };
    let mut columns =
        vec![("GROUP", 15), ("COORDINATOR (ID)", 25), ("ASSIGNMENT-STRATEGY", 20), ("STATE", 20)];
    let mut row = vec![group.group.clone(), format!("{address}  ({id})")];
    row.extend([assignor.to_owned(), group.state.clone()]);
    if verbose {
        columns.extend([("GROUP-EPOCH", 15), ("TARGET-ASSIGNMENT-EPOCH", 25)]);
        row.extend([or_missing(group.epoch), or_missing(group.target_epoch)]);
    }
    columns.push(("#MEMBERS", 0));
    row.push(group.members.len().to_string());
    table(&columns, &[row])
}

/// New offsets of groups.
pub fn reset_text(offsets: &BTreeMap<String, BTreeMap<TopicPartition, i64>>) -> String {
    let rows: Vec<Vec<String>> = offsets
        .iter()
        .flat_map(|(group, offsets)| {
            offsets.iter().map(|((topic, partition), offset)| {
                vec![group.clone(), topic.clone(), partition.to_string(), offset.to_string()]
            })
        })
        .collect();
    table(&[("GROUP", 15), ("TOPIC", 15), ("PARTITION", 10), ("NEW-OFFSET", 0)], &rows)
}

/// What came of each partition.
pub fn status_text(partitions: &BTreeMap<TopicPartition, String>) -> String {
    let rows: Vec<Vec<String>> = partitions
        .iter()
        .map(|((topic, number), status)| vec![topic.clone(), number.to_string(), status.clone()])
        .collect();
    table(&[("TOPIC", 15), ("PARTITION", 10), ("STATUS", 15)], &rows)
}

/// `topic:0,1;other:2`, or a dash for nothing.
fn partitions_text(partitions: &[TopicPartition]) -> String {
    let mut topics: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (topic, partition) in partitions {
        topics.entry(topic).or_default().push(partition.to_string());
    }
    if topics.is_empty() {
        return MISSING.to_owned();
    }
    let one = |(topic, numbers): (&str, Vec<String>)| format!("{topic}:{}", numbers.join(","));
    topics.into_iter().map(one).collect::<Vec<_>>().join(";")
}

/// A blank line, then the columns, each as wide as its longest word and at least so wide.
pub fn table(columns: &[(&str, usize)], rows: &[Vec<String>]) -> String {
    let widths = columns.iter().enumerate().map(|(at, (_, least))| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(String::as_str);
        if *least == 0 { 0 } else { width(*least, cells) }
    });
    let widths: Vec<usize> = widths.collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join(" ")
    };
    let mut text = String::from("\n");
    text.push_str(&line(&mut columns.iter().map(|(name, _)| *name)));
    for row in rows {
        text.push('\n');
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text.push('\n');
    text
}

fn width<'a>(least: usize, words: impl Iterator<Item = &'a str>) -> usize {
    words.map(|word| word.chars().count()).max().unwrap_or(0).max(least)
}

fn or_missing(value: Option<impl ToString>) -> String {
    value.map_or_else(|| MISSING.to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::lag::Reader;
    use super::*;

    fn lag(partition: i32, current: Option<i64>, reader: Option<Reader>) -> Lag {
        Lag {
            group: "g".to_owned(),
            topic: "t".to_owned(),
            partition,
            leader_epoch: None,
            current,
            end: Some(10),
            reader,
        }
    }

    #[test]
    fn lag_stands_in_kafkas_columns() {
        let reader = Reader {
            member_id: "consumer-g-1-0a1b2c3d".to_owned(),
            host: "/127.0.0.1".to_owned(),
            client_id: "consumer-g-1".to_owned(),
        };
        let text = lags_text(&[lag(0, Some(7), Some(reader)), lag(1, None, None)], false);
        assert_eq!(
            text,
            "\n\
             GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  \
             LAG             CONSUMER-ID           HOST            CLIENT-ID\n\
             g               t               0          7               10              \
             3               consumer-g-1-0a1b2c3d /127.0.0.1      consumer-g-1\n\
             g               t               1          -               10              \
             -               -                     -               -\n"
        );
    }

    #[test]
    fn a_listing_has_more_columns_when_they_are_asked_for() {
        let group = GroupEntry {
            group: "g".to_owned(),
            protocol_type: "consumer".to_owned(),
            state: "Stable".to_owned(),
            group_type: "classic".to_owned(),
        };
        let groups = [group];
        assert_eq!(groups_text(&groups, false, false), "g\n");
        assert_eq!(
            groups_text(&groups, true, true),
            "GROUP                     TYPE                 STATE               \n\
             g                         Classic              Stable              \n"
        );
    }

    #[test]
    fn partitions_are_listed_by_topic() {
        let of = |topic: &str, partition| (topic.to_owned(), partition);
        assert_eq!(partitions_text(&[of("a", 0), of("a", 2), of("b", 1)]), "a:0,2;b:1");
        assert_eq!(partitions_text(&[]), "-");
    }
}
