//! Hashes that Kafka 4.3.1 computed of the same topics.

use uuid::Uuid;

use super::*;
use crate::config::TopicConfig;
use crate::metadata::{BrokerRegistered, MetadataRecord, PartitionState, TopicCreated};

fn partition(replicas: &[i32]) -> PartitionState {
    PartitionState {
        replicas: replicas.to_vec(),
        isr: replicas.to_vec(),
        directories: Vec::new(),
        leader: replicas[0],
        leader_epoch: 0,
        partition_epoch: 0,
    }
}

fn topic(image: &mut Image, name: &str, id: u128, partitions: Vec<PartitionState>) {
    let (name, id, configs) = (name.to_string(), Uuid::from_u128(id), Default::default());
    image.apply(&MetadataRecord::Topic(TopicCreated { name, id, partitions, configs })).unwrap();
}

fn broker(image: &mut Image, node: i32, epoch: i64, rack: Option<&str>) {
    let registered = BrokerRegistered {
        node,
        epoch,
        incarnation: Uuid::nil(),
        directories: Vec::new(),
        endpoints: Vec::new(),
        rack: rack.map(str::to_string),
    };
    image.apply(&MetadataRecord::Broker(registered)).unwrap();
}

/// Topic foo with two partitions, one of them on the racks a and bc; bär with three thousand.
fn image() -> Image {
    let mut image = Image::empty(Arc::new(TopicConfig::default()));
    broker(&mut image, 1, 1, Some("bc"));
    broker(&mut image, 2, 2, Some("a"));
    broker(&mut image, 3, 3, None);
    topic(&mut image, "foo", (1 << 64) | 2, vec![partition(&[1, 2]), partition(&[3])]);
    let id = 0x0123_4567_89ab_cdef_ffff_ffff_ffff_ffff;
    topic(&mut image, "bär", id, vec![partition(&[3]); 3000]);
    image
}

fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

#[test]
fn hashes_are_kafkas() {
    let image = image();
    let of = |name: &str| hash_of(image.topic(name).unwrap(), &image);
    assert_eq!(of("foo"), 3_943_201_443_848_373_323);
    assert_eq!(of("bär"), 7_511_897_514_189_547_112);
    let mut hashes = TopicHashes::default();
    let both = hashes.group(names(&["bär", "foo", "gone"]).iter(), &image);
    assert_eq!(both, -3_616_679_083_985_630_314);
    assert_eq!(hashes.group(names(&["foo"]).iter(), &image), -6_318_459_608_886_659_761);
    assert_eq!(hashes.group(names(&["gone"]).iter(), &image), 0);
}

#[test]
fn a_hash_changes_with_partitions_and_racks_and_with_nothing_else() {
    let mut image = image();
    let mut hashes = TopicHashes::default();
    let of = names(&["foo"]);
    let before = hashes.group(of.iter(), &image);
    broker(&mut image, 3, 4, None);
    assert_eq!(hashes.group(of.iter(), &image), before, "a broker started again");
    broker(&mut image, 3, 5, Some("a"));
    let moved = hashes.group(of.iter(), &image);
    assert_ne!(moved, before, "a broker stands in another rack");
    let id = image.topic("foo").unwrap().id;
    let gone = crate::metadata::TopicDeleted { id };
    image.apply(&MetadataRecord::TopicDeleted(gone)).unwrap();
    assert_eq!(hashes.group(of.iter(), &image), 0);
    topic(&mut image, "foo", 7, vec![partition(&[1])]);
    let again = hashes.group(of.iter(), &image);
    assert!(again != 0 && again != moved && again != before);
}
