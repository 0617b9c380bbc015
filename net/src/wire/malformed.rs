//! What can be wrong with bytes that came from a peer. Knows no request and no error code of the
//! protocol: whoever reads a malformed frame closes the connection it came on. Any thread.

use thiserror::Error;

/// A frame or body that does not follow its layout; nothing of it may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformed {
    /// A field, or what a length promised, goes beyond the end of the frame.
    #[error("the frame ends before its fields do")]
    Short,
    /// A length below -1.
    #[error("negative length {0}")]
    NegativeLength(i32),
    /// A null where the protocol knows none.
    #[error("null in a field that cannot be null")]
    Null,
    /// An array element that takes no bytes: such an array could count to two billion for free.
    #[error("array of elements without bytes")]
    EmptyElement,
    /// A variable-length integer of more than 32 bits.
    #[error("variable-length integer of more than 32 bits")]
    Varint,
    /// A string longer than the protocol allows.
    #[error(
        "string of {0} bytes, the protocol allows {max}",
        max = super::primitive::STRING_BYTES_MAX
    )]
    StringTooLong(usize),
    /// A string that is not UTF-8.
    #[error("string that is not UTF-8")]
    NotUtf8,
    /// More tagged fields in one place than any client sends.
    #[error(
        "{0} tagged fields in one structure, at most {max} are read",
        max = super::primitive::TAGS_MAX
    )]
    TooManyTags(u32),
    /// A known tagged field whose content does not fill its declared size.
    #[error("tagged field {0} does not have the size it declares")]
    TagSize(u32),
    /// A version this build has no layout for.
    #[error("version {0} has no layout here")]
    Version(i16),
    /// A request this build has no layout for.
    #[error("unknown api key {0}")]
    ApiKey(i16),
}
