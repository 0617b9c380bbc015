//! `partition.metadata`: which topic a partition's directory belongs to, in Kafka's format.
//!
//!     version: 0
//!     topic_id: gC4c3aK7TqS-5vN0iTgaqQ      16 bytes, base64url without padding
//!
//! Pure. Must not know files.

use uuid::Uuid;

use crate::metadata::{parse_uuid, uuid_text};

/// The file's text.
pub fn text(topic: Uuid) -> String {
    format!("version: 0\ntopic_id: {}", uuid_text(topic))
}

/// Reads the file's text; `None` when it is damaged.
pub fn parse(text: &str) -> Option<Uuid> {
    let mut lines = text.lines();
    let version = lines.next()?.strip_prefix("version: ")?;
    let id = lines.next()?.strip_prefix("topic_id: ")?;
    if version == "0" { parse_uuid(id).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_kafkas_and_reads_back() {
        let id = Uuid::from_u128(0xabcd_ef01_2345_6789_abcd_ef01_2345_6789);
        assert_eq!(text(id), "version: 0\ntopic_id: q83vASNFZ4mrze8BI0VniQ");
        assert_eq!(parse(&text(id)), Some(id));
        assert_eq!(parse(&text(Uuid::max())), Some(Uuid::max()));
    }

    #[test]
    fn damage_is_refused() {
        for bad in ["", "version: 0", "version: 1\ntopic_id: q83vASNFZ4mrze8BI0VniQ"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(parse("version: 0\ntopic_id: q83vASNFZ4mrze8BI0Vni!"), None);
        assert_eq!(parse("version: 0\ntopic_id: q83vASNFZ4mrze8BI0VniR"), None);
    }
}
