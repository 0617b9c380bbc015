//! Every way a record of `__consumer_offsets` can be unreadable.

use thiserror::Error;

/// Why a record could not be read. What is not kept here at all (other kinds of groups, newer kinds
/// of records) is no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// A field ends behind the record, or a length makes no sense.
    #[error("a field reaches beyond the record")]
    OutOfBounds,
    /// Null where the format has none.
    #[error("a field is null that must not be")]
    Null,
    /// A name that is no text.
    #[error("a name is not UTF-8")]
    NotUtf8,
    /// A newer version of a known value: guessing could lose an offset.
    #[error("version {version} of the value of key type {kind} is unknown")]
    UnknownVersion {
        /// Number in front of the key.
        kind: i16,
        /// Number in front of the value.
        version: i16,
    },
}
