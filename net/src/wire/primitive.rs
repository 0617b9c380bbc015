//! The few encodings everything on the wire is made of: lengths, variable-length integers, tagged
//! fields. Every length is checked against the bytes that are there and nothing here allocates.
//! Knows no request. Any thread.
//!
//! | what   | before flexible versions     | in flexible versions                    |
//! |--------|------------------------------|-----------------------------------------|
//! | string | i16 length, -1 = null        | varint length + 1, 0 = null             |
//! | bytes  | i32 length, -1 = null        | varint length + 1, 0 = null             |
//! | array  | i32 count, -1 = null         | varint count + 1, 0 = null              |
//! | struct | fields                       | fields, then tagged fields              |

use bytes::{Buf, BufMut};

use super::malformed::Malformed;

/// Longest string of the protocol in bytes; Kafka refuses longer ones in both encodings.
pub const STRING_BYTES_MAX: usize = i16::MAX as usize;

/// Most tagged fields read at the end of one structure. No released client sends more than a
/// handful; two bytes are enough for one, so a flood of them must not cost more than a refusal.
pub const TAGS_MAX: u32 = 64;

/// Reads an unsigned variable-length integer of at most 32 bits.
pub fn varint(from: &mut impl Buf) -> Result<u32, Malformed> {
    let mut value = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let byte = from.try_get_u8().map_err(|_| Malformed::Short)?;
        if shift == 28 && byte > 0x0f {
            return Err(Malformed::Varint);
        }
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Malformed::Varint)
}

/// Writes an unsigned variable-length integer.
pub fn put_varint(into: &mut impl BufMut, mut value: u32) {
    while value >= 0x80 {
        into.put_u8((value as u8) | 0x80);
        value >>= 7;
    }
    into.put_u8(value as u8);
}

/// Reads the length of a string; `None` is null. The bytes it promises are there.
pub fn string_length(from: &mut impl Buf, flexible: bool) -> Result<Option<usize>, Malformed> {
    let declared = if flexible {
        i64::from(varint(from)?) - 1
    } else {
        i64::from(from.try_get_i16().map_err(|_| Malformed::Short)?)
    };
    match present(declared, from.remaining())? {
        Some(length) if length > STRING_BYTES_MAX => Err(Malformed::StringTooLong(length)),
        length => Ok(length),
    }
}

/// Reads the length of a byte field or the count of an array; `None` is null. There are at least
/// that many bytes: enough for a byte field, and the least an array can need, since every element
/// takes a byte or more.
pub fn length(from: &mut impl Buf, flexible: bool) -> Result<Option<usize>, Malformed> {
    let declared = if flexible {
        i64::from(varint(from)?) - 1
    } else {
        i64::from(from.try_get_i32().map_err(|_| Malformed::Short)?)
    };
    present(declared, from.remaining())
}

fn present(declared: i64, remaining: usize) -> Result<Option<usize>, Malformed> {
    match declared {
        -1 => Ok(None),
        ..-1 => Err(Malformed::NegativeLength(declared as i32)),
        _ => {
            let length = usize::try_from(declared).map_err(|_| Malformed::Short)?;
            if length > remaining { Err(Malformed::Short) } else { Ok(Some(length)) }
        }
    }
}

/// Reads the number of tagged fields that end a structure of a flexible version.
pub fn tag_count(from: &mut impl Buf) -> Result<u32, Malformed> {
    let count = varint(from)?;
    if count > TAGS_MAX { Err(Malformed::TooManyTags(count)) } else { Ok(count) }
}

/// Reads the head of one tagged field: its tag and how many bytes follow; they are there.
pub fn tag_head(from: &mut impl Buf) -> Result<(u32, usize), Malformed> {
    let tag = varint(from)?;
    let size = varint(from)? as usize;
    if size > from.remaining() { Err(Malformed::Short) } else { Ok((tag, size)) }
}

/// Skips all tagged fields at the end of a structure; none of them is kept.
pub fn skip_tags(from: &mut impl Buf) -> Result<(), Malformed> {
    for _ in 0..tag_count(from)? {
        let (_, size) = tag_head(from)?;
        from.advance(size);
    }
    Ok(())
}

#[cfg(test)]
#[path = "primitive_test.rs"]
mod primitive_test;
