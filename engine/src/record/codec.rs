//! The compression codec of a batch, as its attributes name it. Pure.
//!
//! Must not know: how the codecs work, which client may use which.

use super::error::BatchError;

/// How the records of a batch are compressed: the lowest three attribute bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// Records stand as they are.
    None,
    /// RFC 1952.
    Gzip,
    /// Raw snappy blocks, mostly in the framing of snappy-java.
    Snappy,
    /// The LZ4 frame format.
    Lz4,
    /// Zstandard frames; clients may send it from Produce 7 on.
    Zstd,
}

impl Codec {
    /// Every codec, for tables and tests.
    pub const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    /// The attribute bits that hold the codec.
    pub(super) const MASK: i16 = 0b111;

    /// The codec that `attributes` name; ids 5, 6 and 7 are nobody's.
    pub fn from_attributes(attributes: i16) -> Result<Codec, BatchError> {
        match attributes & Codec::MASK {
            0 => Ok(Codec::None),
            1 => Ok(Codec::Gzip),
            2 => Ok(Codec::Snappy),
            3 => Ok(Codec::Lz4),
            4 => Ok(Codec::Zstd),
            id => Err(BatchError::UnknownCodec { id }),
        }
    }

    /// The attribute bits for this codec.
    pub fn id(self) -> i16 {
        match self {
            Codec::None => 0,
            Codec::Gzip => 1,
            Codec::Snappy => 2,
            Codec::Lz4 => 3,
            Codec::Zstd => 4,
        }
    }

    /// Kafka's name for it, as in `compression.type`.
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }
}
