//! The embedded protocol: bytes that Kafka's clients write, and bytes that nobody should.

use super::*;

fn named(topic: &str, partitions: &[i32]) -> NamedPartitions {
    NamedPartitions { topic: Arc::from(topic), partitions: partitions.to_vec() }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

/// `ConsumerProtocol.serializeSubscription` of topics a and bc, user data 07, owned a-0, a-2 and
/// bc-1, generation 5, rack r1.
const SUBSCRIPTION: &str = "0003 00000002 0001 61 0002 6263 00000001 07 \
    00000002 0001 61 00000002 00000000 00000002 0002 6263 00000001 00000001 00000005 0002 7231";

#[test]
fn a_subscription_of_the_newest_version_is_read() {
    let read = Subscription::parse(&hex(SUBSCRIPTION)).unwrap();
    assert_eq!(read.version, 3);
    assert_eq!(read.topics, [Arc::from("a"), Arc::from("bc")]);
    assert_eq!(read.user_data, Bytes::from_static(&[7]));
    assert_eq!(read.owned, [named("a", &[0, 2]), named("bc", &[1])]);
    assert_eq!((read.generation, read.rack.as_deref()), (5, Some("r1")));
}

#[test]
fn older_versions_lack_what_came_later() {
    let read = Subscription::parse(&hex("0000 00000001 0001 61 ffffffff")).unwrap();
    assert_eq!((read.version, read.generation, read.rack), (0, -1, None));
    assert!(read.user_data.is_empty() && read.owned.is_empty());
    let read = Subscription::parse(&hex("0001 00000000 ffffffff 00000000")).unwrap();
    assert_eq!((read.version, read.topics.len(), read.generation), (1, 0, -1));
    let read = Subscription::parse(&hex("0002 00000000 ffffffff 00000000 00000009")).unwrap();
    assert_eq!((read.version, read.generation), (2, 9));
}

#[test]
fn a_version_of_the_future_is_read_as_the_newest_and_more_bytes_are_let_be() {
    let bytes = hex("0009 00000000 ffffffff 00000000 00000009 ffff 012345");
    let read = Subscription::parse(&bytes).unwrap();
    assert_eq!((read.version, read.generation, read.rack), (3, 9, None));
}

#[test]
fn whatever_is_cut_off_is_malformed() {
    let bytes = hex(SUBSCRIPTION);
    for end in 0..bytes.len() {
        assert_eq!(Subscription::parse(&bytes[..end]), None, "{end}");
    }
    let bytes = assignment_bytes(3, &[named("a", &[0, 2]), named("bc", &[1])]);
    for end in 0..bytes.len() {
        assert_eq!(Assignment::parse(&bytes[..end]), None, "{end}");
    }
}

#[test]
fn lengths_that_the_bytes_do_not_back_are_refused() {
    for bad in [
        "ffff 00000000 ffffffff",          // a negative version
        "0000 7fffffff 0001 61 ffffffff",  // more topics than bytes
        "0000 ffffffff ffffffff",          // a null list
        "0000 00000001 ffff ffffffff",     // a null name
        "0000 00000000 fffffffe",          // a negative length
        "0001 00000000 ffffffff 0fffffff", // more partitions than bytes
    ] {
        assert_eq!(Subscription::parse(&hex(bad)), None, "{bad}");
    }
}

#[test]
fn an_assignment_comes_back_as_it_went() {
    let partitions = [named("a", &[0, 2]), named("bc", &[])];
    for version in 0..=3 {
        let bytes = assignment_bytes(version, &partitions);
        assert_eq!(bytes[..2], version.to_be_bytes());
        let read = Assignment::parse(&bytes).unwrap();
        assert_eq!(read, Assignment { partitions: partitions.to_vec(), user_data: Bytes::new() });
    }
    // `ConsumerProtocol.serializeAssignment` of a-0 and a-2.
    let golden = hex("0003 00000001 0001 61 00000002 00000000 00000002 ffffffff");
    assert_eq!(assignment_bytes(3, &[named("a", &[0, 2])]), golden);
}
