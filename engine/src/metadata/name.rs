//! Which names a topic may have. Kafka's rules and Kafka's words. Pure.

use thiserror::Error;

/// Consumer groups and their offsets.
pub const GROUP_METADATA_TOPIC: &str = "__consumer_offsets";
/// Transactions.
pub const TRANSACTION_STATE_TOPIC: &str = "__transaction_state";
/// Share groups.
const SHARE_GROUP_STATE_TOPIC: &str = "__share_group_state";
/// The name of Kafka's own metadata log; a directory of a log dir, never a topic.
pub const CLUSTER_METADATA_TOPIC: &str = "__cluster_metadata";

const NAME_BYTES_MAX: usize = 249;

/// Why a name is refused; the text is the one Kafka answers.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidTopicName {
    /// No character at all.
    #[error("Topic name is invalid: the empty string is not allowed")]
    Empty,
    /// `.` or `..`, which mean something else to a file system.
    #[error("Topic name is invalid: '{0}' is not allowed")]
    Dots(&'static str),
    /// More than 249 characters: with partition and suffix it must fit a file name.
    #[error(
        "Topic name is invalid: the length of '{0}' is longer than the max allowed length \
         {NAME_BYTES_MAX}"
    )]
    TooLong(String),
    /// Anything but letters, digits, `.`, `_` and `-` of ASCII.
    #[error(
        "Topic name is invalid: '{0}' contains one or more characters other than ASCII \
         alphanumerics, '.', '_' and '-'"
    )]
    Character(String),
}

/// Whether a topic may be called this.
///
/// # Errors
/// The first rule that the name breaks.
pub fn check_topic_name(name: &str) -> Result<(), InvalidTopicName> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    match name {
        "" => Err(InvalidTopicName::Empty),
        "." => Err(InvalidTopicName::Dots(".")),
        ".." => Err(InvalidTopicName::Dots("..")),
        _ if name.chars().count() > NAME_BYTES_MAX => {
            Err(InvalidTopicName::TooLong(name.to_string()))
        }
        _ if !name.bytes().all(legal) => Err(InvalidTopicName::Character(name.to_string())),
        _ => Ok(()),
    }
}

/// Whether clients see this topic as the broker's own.
pub fn is_internal(name: &str) -> bool {
    matches!(name, GROUP_METADATA_TOPIC | TRANSACTION_STATE_TOPIC | SHARE_GROUP_STATE_TOPIC)
}

/// Whether two names are the same once `.` is written as `_`: then metrics of the two topics could
/// not be told apart.
pub fn topic_names_collide(a: &str, b: &str) -> bool {
    let unified = |byte: u8| if byte == b'.' { b'_' } else { byte };
    a.len() == b.len() && a.bytes().map(unified).eq(b.bytes().map(unified))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_kafka_allows_are_allowed() {
        for name in ["a", "Z9", "a.b_c-d", "...", "__consumer_offsets", &"x".repeat(249)] {
            assert_eq!(check_topic_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_kafka_refuses_are_refused_in_its_words() {
        let text = |name: &str| check_topic_name(name).unwrap_err().to_string();
        assert_eq!(text(""), "Topic name is invalid: the empty string is not allowed");
        assert_eq!(text("."), "Topic name is invalid: '.' is not allowed");
        assert_eq!(text(".."), "Topic name is invalid: '..' is not allowed");
        let long = "x".repeat(250);
        let told = "is longer than the max allowed length 249";
        let expected = format!("Topic name is invalid: the length of '{long}' {told}");
        assert_eq!(text(&long), expected);
        for name in ["a b", "a/b", "ü", "a\0", "a\n"] {
            let expected = format!(
                "Topic name is invalid: '{name}' contains one or more characters other than ASCII \
                 alphanumerics, '.', '_' and '-'"
            );
            assert_eq!(text(name), expected);
        }
    }

    #[test]
    fn dots_and_underscores_collide() {
        assert!(topic_names_collide("a.b", "a_b"));
        assert!(topic_names_collide("a.b", "a.b"));
        assert!(!topic_names_collide("a.b", "a-b"));
        assert!(!topic_names_collide("a.b", "a.b."));
    }

    #[test]
    fn three_topics_are_internal() {
        assert!(is_internal("__consumer_offsets") && is_internal("__transaction_state"));
        assert!(is_internal("__share_group_state") && !is_internal("__cluster_metadata"));
    }
}
