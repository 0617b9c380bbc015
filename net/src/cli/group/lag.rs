//! How far behind a group is, partition by partition, and who reads each.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::{ClientError, Cluster, Committed, GroupState, LATEST, TopicPartition};

/// A partition that a group has an offset of, or a member for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// The group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Leader epoch of the last record read.
    pub leader_epoch: Option<i32>,
    /// The next offset to read, when one was committed.
    pub current: Option<i64>,
    /// The offset behind the last record, when the partition is there.
    pub end: Option<i64>,
    /// Who reads it.
    pub reader: Option<Reader>,
}

/// A member, as far as it is shown beside its partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Its id.
    pub member_id: String,
    /// Address it came from.
    pub host: String,
    /// `client.id`.
    pub client_id: String,
}

impl Lag {
    /// Records between what was committed and the end.
    pub fn lag(&self) -> Option<i64> {
        Some(self.end? - self.current?)
    }
}

/// Lag of every partition: those of members first, the member with most partitions before the
/// others, then those that nobody reads.
///
/// # Errors
/// What the broker refuses.
pub async fn of_group(cluster: &mut Cluster, group: &GroupState) -> Result<Vec<Lag>, ClientError> {
    let committed = cluster.committed(&group.group).await?;
    let places = places(group, &committed);
    let wanted: Vec<TopicPartition> = places.iter().map(|(place, _)| place.clone()).collect();
    let ends = cluster.offsets_at(&wanted, LATEST).await?;
    let lags = places.into_iter().map(|(place, reader)| {
        let found = committed.get(&place);
        Lag {
            group: group.group.clone(),
            partition: place.1,
            leader_epoch: found.and_then(|found| found.leader_epoch),
            current: found.map(|found| found.offset),
            end: ends.get(&place).copied().flatten(),
            reader,
            topic: place.0,
        }
    });
    Ok(lags.collect())
}

fn places(
    group: &GroupState,
    committed: &BTreeMap<TopicPartition, Committed>,
) -> Vec<(TopicPartition, Option<Reader>)> {
    let mut members: Vec<_> = group.members.iter().collect();
    members.sort_by_key(|member| std::cmp::Reverse(member.assigned.len()));
    let mut places = Vec::new();
    let mut read = BTreeSet::new();
    for member in members {
        for place in &member.assigned {
            let reader = Reader {
                member_id: member.member_id.clone(),
                host: member.host.clone(),
                client_id: member.client_id.clone(),
            };
            read.insert(place);
            places.push((place.clone(), Some(reader)));
        }
    }
    let unread = committed.keys().filter(|place| !read.contains(place));
    places.extend(unread.map(|place| (place.clone(), None)));
    places
}
