//! The topics that consumers subscribe to: the one thing in their metadata that a classic group
//! looks at. Pure; the bytes are a client's.
//!
//! ```text
//! version i16, topics [string], user data ?bytes, what later versions added
//! ```
//!
//! Read as version 0 whatever it is, for later versions only add to it.

use std::collections::BTreeSet;
use std::sync::Arc;

/// The topics of several members.
#[derive(Debug, Default)]
pub(super) struct SubscribedTopics {
    topics: BTreeSet<Arc<str>>,
    /// The list of the last one as it stood in its bytes: mostly all members say the same, which is
    /// then looked at once.
    last: Vec<u8>,
}

impl SubscribedTopics {
    /// Adds what one member says. `None`: it cannot be read.
    pub(super) fn add(&mut self, metadata: &[u8]) -> Option<()> {
        let (_version, list) = metadata.split_at_checked(2)?;
        if !self.last.is_empty() && list.starts_with(&self.last) {
            return user_data(&list[self.last.len()..]);
        }
        let (count, mut rest) = list.split_first_chunk()?;
        let count = u32::try_from(i32::from_be_bytes(*count)).ok()?;
        for _ in 0..count {
            let (length, behind) = rest.split_first_chunk()?;
            let length = usize::try_from(i16::from_be_bytes(*length)).ok()?;
            let (topic, behind) = behind.split_at_checked(length)?;
            let topic = str::from_utf8(topic).ok()?;
            if !self.topics.contains(topic) {
                self.topics.insert(Arc::from(topic));
            }
            rest = behind;
        }
        self.last.clear();
        self.last.extend_from_slice(&list[..list.len() - rest.len()]);
        user_data(rest)
    }

    pub(super) fn into_topics(self) -> BTreeSet<Arc<str>> {
        self.topics
    }
}

/// Bytes, or null, must be there.
fn user_data(rest: &[u8]) -> Option<()> {
    let (length, rest) = rest.split_first_chunk()?;
    match i32::from_be_bytes(*length) {
        -1 => Some(()),
        length => rest.split_at_checked(usize::try_from(length).ok()?).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(version: i16, topics: &[&str], behind: &[u8]) -> Vec<u8> {
        let mut bytes = version.to_be_bytes().to_vec();
        bytes.extend((topics.len() as i32).to_be_bytes());
        for topic in topics {
            bytes.extend((topic.len() as i16).to_be_bytes());
            bytes.extend(topic.as_bytes());
        }
        bytes.extend(behind);
        bytes
    }

    const NULL: [u8; 4] = [0xff; 4];

    fn topics(of: &[Vec<u8>]) -> Option<Vec<String>> {
        let mut all = SubscribedTopics::default();
        for metadata in of {
            all.add(metadata)?;
        }
        Some(all.into_topics().iter().map(|topic| topic.to_string()).collect())
    }

    #[test]
    fn the_topics_of_all_members_are_gathered() {
        let with_data = [0, 0, 0, 2, 7, 7];
        let all = [
            subscription(0, &["b", "a"], &NULL),
            subscription(1, &["b", "a"], &with_data),
            subscription(3, &["b", "a", "c"], &[&NULL[..], &[9; 5]].concat()),
            subscription(i16::MAX, &[], &NULL),
        ];
        assert_eq!(topics(&all), Some(vec!["a".into(), "b".into(), "c".into()]));
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed() {
        for metadata in [
            vec![],
            vec![0],
            subscription(0, &["a"], &[]),
            subscription(0, &["a"], &[0, 0, 0, 2, 7]),
            subscription(0, &["a"], &[0xff, 0xff, 0xff, 0xfe]),
            [&[0, 0][..], &NULL].concat(),
            [&[0, 0, 0x7f, 0xff, 0xff, 0xff][..], &[0, 1, b'a']].concat(),
            [&[0, 0, 0, 0, 0, 1, 0xff, 0xff][..], &NULL].concat(),
            [&[0, 0, 0, 0, 0, 1, 0, 1, 0xff][..], &NULL].concat(),
        ] {
            assert_eq!(topics(&[metadata]), None);
        }
        // One that begins like the one before it is checked behind that.
        let cut = subscription(0, &["a"], &[]);
        assert_eq!(topics(&[subscription(0, &["a"], &NULL), cut]), None);
    }
}
