//! THE table: every request that is answered, in which versions, by whom. ApiVersions lists it;
//! what is not here closes the connection. Constant data.
//!
//! Four rows advertise versions from 0 although Kafka 4 dropped some of them: librdkafka before
//! 2.11.1 switches features off unless it sees exactly those (KAFKA-18659).

use super::admin::create_topics::handle as create_topics;
use super::admin::delete_topics::handle as delete_topics;
use super::admin::describe_configs::handle as describe_configs;
use super::broker::Broker;
use super::cluster::api_versions::handle as api_versions;
use super::cluster::describe_cluster::handle as describe_cluster;
use super::cluster::describe_topic_partitions::handle as describe_topic_partitions;
use super::cluster::metadata::handle as metadata;
use super::data::fetch::handle as fetch;
use super::data::list_offsets::handle as list_offsets;
use super::data::offset_for_leader_epoch::handle as offset_for_leader_epoch;
use super::data::produce::handle as produce;
use super::group::find_coordinator::handle as find_coordinator;
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

/// Sorted by key, in the versions of Kafka 4.2.
#[rustfmt::skip]
pub static TABLE: [Row<Broker>; 13] = [
    row(K::Produce,                 (0, 3, 13,  9), produce, PerResource),
    row(K::Fetch,                   (4, 4, 18, 12), fetch, PerResource),
    row(K::ListOffsets,             (1, 1, 11,  6), list_offsets, PerResource),
    row(K::Metadata,                (0, 0, 13,  9), metadata, PerResource),
    row(K::FindCoordinator,         (0, 0,  6,  3), find_coordinator, PerResource),
    row(K::ApiVersions,             (0, 0,  4,  3), api_versions, Nothing),
    row(K::CreateTopics,            (2, 2,  7,  5), create_topics, PerResource),
    row(K::DeleteTopics,            (1, 1,  6,  4), delete_topics, PerResource),
    row(K::InitProducerId,          (0, 0,  5,  2), init_producer_id, Cluster(IdempotentWrite)),
    row(K::OffsetForLeaderEpoch,    (2, 2,  4,  4), offset_for_leader_epoch, PerResource),
    row(K::DescribeConfigs,         (1, 1,  4,  4), describe_configs, PerResource),
    row(K::DescribeCluster,         (0, 0,  2,  0), describe_cluster, Cluster(Describe)),
    row(K::DescribeTopicPartitions, (0, 0,  0,  0), describe_topic_partitions, PerResource),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_can_be_decoded() {
        assert!(TABLE.is_sorted_by_key(|row| row.key.code()));
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
        for key in [K::Produce, K::FindCoordinator, K::InitProducerId, K::ApiVersions] {
            let row = TABLE.iter().find(|row| row.key == key).unwrap();
            assert_eq!(row.advertised_min, 0, "{}", key.name());
        }
    }
}
