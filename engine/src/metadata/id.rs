//! Identities: nodes, partition logs, and ids as Kafka writes them (22 characters of base64url).
//! Values; any thread.

use thiserror::Error;
use uuid::Uuid;

/// The number of a broker, 0 or more.
pub type NodeId = i32;

/// One partition of one topic, named so that a topic created again is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    /// The id of the topic, never its name.
    pub topic: Uuid,
    /// The number of the partition, from 0.
    pub partition: i32,
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// An id in Kafka's form: base64url without padding, 22 characters.
pub fn uuid_text(id: Uuid) -> String {
    // 128 bits are 21 groups of six and two bits more, which stand highest in the last one.
    let bits = id.as_u128();
    let group = |shift: u32| ((bits >> shift) & 63) as usize;
    let mut text: String = (0..21).map(|i| char::from(ALPHABET[group(122 - 6 * i)])).collect();
    text.push(char::from(ALPHABET[((bits & 3) << 4) as usize]));
    text
}

/// Reads [`uuid_text`]; padding is allowed, as Kafka allows it.
///
/// # Errors
/// The text has not 22 characters of base64url, or bits beyond the 128th.
pub fn parse_uuid(text: &str) -> Result<Uuid, BadUuid> {
    let bad = || BadUuid { text: text.chars().take(32).collect() };
    let digits = text.strip_suffix("==").unwrap_or(text).as_bytes();
    if digits.len() != 22 {
        return Err(bad());
    }
    let mut bits: u128 = 0;
    for (place, digit) in digits.iter().enumerate() {
        let value = ALPHABET.iter().position(|known| known == digit).ok_or_else(bad)? as u128;
        if place == 21 {
            if value & 15 != 0 {
                return Err(bad());
            }
            bits = (bits << 2) | (value >> 4);
        } else {
            bits = (bits << 6) | value;
        }
    }
    Ok(Uuid::from_u128(bits))
}

/// A text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no id; valid is 22 characters of base64url, as `storage random-uuid` prints")]
pub struct BadUuid {
    /// Its first 32 characters.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_kafka_writes_them() {
        // Kafka: Uuid.METADATA_TOPIC_ID and `new Uuid(0x0123456789ABCDEFL, -1L)`.
        assert_eq!(uuid_text(Uuid::from_u128(1)), "AAAAAAAAAAAAAAAAAAAAAQ");
        let id = Uuid::from_u128(0x0123_4567_89ab_cdef_ffff_ffff_ffff_ffff);
        assert_eq!(uuid_text(id), "ASNFZ4mrze___________w");
        assert_eq!(parse_uuid("ASNFZ4mrze___________w"), Ok(id));
        assert_eq!(parse_uuid("ASNFZ4mrze___________w=="), Ok(id));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "A", "AAAAAAAAAAAAAAAAAAAAA+", "AAAAAAAAAAAAAAAAAAAAAR", "ä"] {
            assert!(parse_uuid(text).is_err(), "{text}");
        }
        assert_eq!(parse_uuid(&"A".repeat(99)).unwrap_err().text.len(), 32);
    }
}
