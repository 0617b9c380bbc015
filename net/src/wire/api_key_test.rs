//! The table against the kafka-protocol crate's idea of the same requests.

use kafka_protocol::messages::ApiKey as CrateKey;

use super::*;

#[test]
fn every_key_has_a_row_and_comes_back_from_its_code() {
    let mut last = -1;
    for key in ApiKey::all() {
        assert_eq!(ApiKey::from_code(key.code()), Some(key));
        assert!(key.code() > last, "rows by rising key");
        assert_eq!(format!("{key:?}"), key.name());
        last = key.code();
    }
    assert_eq!(ApiKey::from_code(-1), None);
    assert_eq!(ApiKey::from_code(4), None);
}

#[test]
fn flexible_versions_are_the_same_as_the_crates() {
    for key in ApiKey::all() {
        let theirs = CrateKey::try_from(key.code()).unwrap();
        for version in key.versions() {
            let header = theirs.request_header_version(version);
            assert_eq!(header == 2, key.is_flexible(version), "{key:?} v{version}");
            let header = theirs.response_header_version(version);
            assert_eq!(header == 1, key.has_flexible_response_header(version));
        }
    }
}

#[test]
fn versions_are_the_crates_but_where_it_is_wrong_or_short() {
    for key in ApiKey::all() {
        let theirs = CrateKey::try_from(key.code()).unwrap().valid_versions();
        let theirs = match key {
            // It stops at 10; 11 has the same layout.
            ApiKey::ListOffsets => theirs.min..=11,
            // It names 6, which is unstable, and reads up to 5.
            ApiKey::InitProducerId => theirs.min..=5,
            _ => theirs.min..=theirs.max,
        };
        assert_eq!(key.versions(), theirs, "{key:?}");
    }
}
