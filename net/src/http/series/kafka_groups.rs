//! Series of groups: the coordinator's counts as Kafka's JMX exporter names them, members and lag
//! as kafka_exporter does.

use super::table::Kind::Gauge;
use super::table::{Series, one_value, series};
use crate::http::facts::Group;
use crate::http::samples::Samples;
use crate::http::scrape::Scrape;

const GROUP: &[&str] = &["consumergroup"];
const PARTITION: &[&str] = &["consumergroup", "topic", "partition"];

/// The rows.
#[rustfmt::skip]
pub const SERIES: &[Series] = &[
    one_value!(Gauge "kafka_coordinator_group_groupmetadatamanager_numgroups", "groups",
        "Groups that this broker coordinates.", |scrape| scrape.facts.groups.len() as f64),
    one_value!(Gauge "kafka_coordinator_group_groupmetadatamanager_numgroupsstable", "groups",
        "Groups whose members all have their assignment.", |scrape| in_state(scrape, "Stable")),
    one_value!(Gauge "kafka_coordinator_group_groupmetadatamanager_numgroupsempty", "groups",
        "Groups without members.", |scrape| in_state(scrape, "Empty")),
    one_value!(Gauge "kafka_coordinator_group_groupmetadatamanager_numgroupsdead", "groups",
        "Groups that are being removed.", |scrape| in_state(scrape, "Dead")),
    one_value!(Gauge "kafka_coordinator_group_groupmetadatamanager_numgroupspreparingrebalance",
        "groups", "Groups that wait for their members to join.",
        |scrape| in_state(scrape, "PreparingRebalance")),
    one_value!(Gauge "kafka_coordinator_group_groupmetadatamanager_numgroupscompletingrebalance",
        "groups", "Groups that wait for their leader's assignment.",
        |scrape| in_state(scrape, "CompletingRebalance")),
    series(Gauge, "kafka_consumergroup_members", ("members", GROUP),
        "Members of the group.", members),
    series(Gauge, "kafka_consumergroup_current_offset", ("offset", PARTITION),
        "The offset that the group committed: the next one it would read.", offsets),
    series(Gauge, "kafka_consumergroup_lag", ("records", PARTITION),
        "Offsets from there to the high watermark.", lag),
];

fn in_state(scrape: &Scrape, state: &str) -> f64 {
    scrape.facts.groups.iter().filter(|group| group.facts.state == state).count() as f64
}

fn members(scrape: &Scrape, samples: &mut Samples<'_>) {
    for Group { facts, .. } in &scrape.facts.groups {
        samples.value(&[&facts.group], facts.members as f64);
    }
}

fn offsets(scrape: &Scrape, samples: &mut Samples<'_>) {
    for Group { facts, .. } in &scrape.facts.groups {
        for (topic, partition, offset) in &facts.offsets {
            samples.value(&[&facts.group, topic, &partition.to_string()], *offset as f64);
        }
    }
}

fn lag(scrape: &Scrape, samples: &mut Samples<'_>) {
    for Group { facts, lag } in &scrape.facts.groups {
        for ((topic, partition, _), lag) in facts.offsets.iter().zip(lag) {
            if let Some(lag) = lag {
                samples.value(&[&facts.group, topic, &partition.to_string()], *lag as f64);
            }
        }
    }
}
