//! Numbers and names against the kafka-protocol crate's list.

use kafka_protocol::error::{ParseResponseErrorCode, ResponseError};

use super::*;

#[test]
fn every_code_of_ours_is_kafkas_code_of_that_name() {
    let mut known = 0;
    for code in -1..=200 {
        let Some(ours) = ErrorCode::from_code(code) else { continue };
        known += 1;
        assert_eq!(ours.code(), code);
        assert_eq!(ours.is_error(), code != 0);
        let words = match code.err() {
            None => String::from("None"),
            Some(ResponseError::Unknown(_)) => continue, // newer than the crate
            Some(theirs) => format!("{theirs:?}"),
        };
        assert_eq!(ours.name().replace('_', "").to_lowercase(), words.to_lowercase(), "{code}");
    }
    assert!(known > 50);
    assert_eq!(ErrorCode::NotLeaderOrFollower.to_string(), "NOT_LEADER_OR_FOLLOWER (6)");
}
