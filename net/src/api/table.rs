//! THE table: every request that is answered, in which versions, by whom. ApiVersions lists it;
//! what is not here closes the connection. Constant data.
//!
//! Produce advertises versions from 0 although they were dropped: librdkafka before 2.11.1 switches
//! features off unless it sees exactly those (KAFKA-18659). Groups are served from 0 for its sake.

use super::admin::create_topics::handle as create_topics;
use super::admin::delete_topics::handle as delete_topics;
use super::admin::describe_configs::handle as describe_configs;
use super::broker::Broker;
use super::cluster::api_versions::handle as api_versions;
use super::cluster::describe_cluster::handle as describe_cluster;
use super::cluster::describe_topic_partitions::handle as describe_topic_partitions;
use super::cluster::metadata::handle as metadata;
use super::data::delete_records::handle as delete_records;
use super::data::fetch::handle as fetch;
use super::data::list_offsets::handle as list_offsets;
use super::data::offset_for_leader_epoch::handle as offset_for_leader_epoch;
use super::data::produce::handle as produce;
use super::group::consumer_group_describe::handle as consumer_group_describe;
use super::group::consumer_group_heartbeat::handle as consumer_group_heartbeat;
use super::group::delete_groups::handle as delete_groups;
use super::group::describe_groups::handle as describe_groups;
use super::group::find_coordinator::handle as find_coordinator;
use super::group::heartbeat::handle as heartbeat;
use super::group::join_group::handle as join_group;
use super::group::leave_group::handle as leave_group;
use super::group::list_groups::handle as list_groups;
use super::group::offset_commit::handle as offset_commit;
use super::group::offset_delete::handle as offset_delete;
use super::group::offset_fetch::handle as offset_fetch;
use super::group::sync_group::handle as sync_group;
use super::txn::init_producer_id::handle as init_producer_id;
use crate::dispatch::ClusterOperation::{Describe, IdempotentWrite};
use crate::dispatch::Needs::{Cluster, Nothing, PerResource};
use crate::dispatch::{Handler, Needs, Row};
use crate::wire::ApiKey as K;

/// Advertised min, served min, max, flexible from.
type Versions = (i16, i16, i16, i16);

const fn row(
    key: K,
    (advertised_min, served_min, max, flexible_from): Versions,
    handler: Handler<Broker>,
    needs: Needs,
) -> Row<Broker> {
    Row { key, advertised_min, served_min, max, flexible_from, handler, needs }
}

/// No version is flexible.
const NEVER: i16 = i16::MAX;

/// Sorted by key, in the versions of Kafka 4.2.
#[rustfmt::skip]
pub static TABLE: [Row<Broker>; 26] = [
    row(K::Produce,                 (0, 3, 13,  9), produce, PerResource),
    row(K::Fetch,                   (4, 4, 18, 12), fetch, PerResource),
    row(K::ListOffsets,             (1, 1, 11,  6), list_offsets, PerResource),
    row(K::Metadata,                (0, 0, 13,  9), metadata, PerResource),
    row(K::OffsetCommit,            (2, 2, 10,  8), offset_commit, PerResource),
    row(K::OffsetFetch,             (1, 1, 10,  6), offset_fetch, PerResource),
    row(K::FindCoordinator,         (0, 0,  6,  3), find_coordinator, PerResource),
    row(K::JoinGroup,               (0, 0,  9,  6), join_group, PerResource),
    row(K::Heartbeat,               (0, 0,  4,  4), heartbeat, PerResource),
    row(K::LeaveGroup,              (0, 0,  5,  4), leave_group, PerResource),
    row(K::SyncGroup,               (0, 0,  5,  4), sync_group, PerResource),
    row(K::DescribeGroups,          (0, 0,  6,  5), describe_groups, PerResource),
    row(K::ListGroups,              (0, 0,  5,  3), list_groups, PerResource),
    row(K::ApiVersions,             (0, 0,  4,  3), api_versions, Nothing),
    row(K::CreateTopics,            (2, 2,  7,  5), create_topics, PerResource),
    row(K::DeleteTopics,            (1, 1,  6,  4), delete_topics, PerResource),
    row(K::DeleteRecords,           (0, 0,  2,  2), delete_records, PerResource),
    row(K::InitProducerId,          (0, 0,  5,  2), init_producer_id, Cluster(IdempotentWrite)),
    row(K::OffsetForLeaderEpoch,    (2, 2,  4,  4), offset_for_leader_epoch, PerResource),
    row(K::DescribeConfigs,         (1, 1,  4,  4), describe_configs, PerResource),
    row(K::DeleteGroups,            (0, 0,  2,  2), delete_groups, PerResource),
    row(K::OffsetDelete,            (0, 0,  0, NEVER), offset_delete, PerResource),
    row(K::DescribeCluster,         (0, 0,  2,  0), describe_cluster, Cluster(Describe)),
    row(K::ConsumerGroupHeartbeat,  (0, 0,  1,  0), consumer_group_heartbeat, PerResource),
    row(K::ConsumerGroupDescribe,   (0, 0,  1,  0), consumer_group_describe, PerResource),
    row(K::DescribeTopicPartitions, (0, 0,  0,  0), describe_topic_partitions, PerResource),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_can_be_decoded_and_what_can_be_decoded_is_served() {
        assert!(TABLE.is_sorted_by_key(|row| row.key.code()));
        assert_eq!(TABLE.len(), K::all().count());
        for row in &TABLE {
            let name = row.key.name();
            assert_eq!(row.served_min..=row.max, row.key.versions(), "{name}");
            assert!(row.advertised_min <= row.served_min, "{name}");
            for version in row.served_min..=row.max {
                let flexible = version >= row.flexible_from;
                assert_eq!(flexible, row.key.is_flexible(version), "{name} {version}");
            }
        }
    }

    #[test]
    fn old_librdkafka_sees_the_minimums_that_it_decides_by() {
        let from_zero = [
            K::Produce,
            K::FindCoordinator,
            K::JoinGroup,
            K::Heartbeat,
            K::LeaveGroup,
            K::SyncGroup,
            K::InitProducerId,
            K::ApiVersions,
        ];
        for key in from_zero {
            let row = TABLE.iter().find(|row| row.key == key).unwrap();
            assert_eq!(row.advertised_min, 0, "{}", key.name());
        }
    }
}
