//! Fields of Kafka's flexible messages, read in place. Pure.
//!
//! Every length is compared with the bytes that are there before anything is done with it.

use thiserror::Error;
use uuid::Uuid;

/// Why bytes are not what a schema says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FieldError {
    /// A field or a length reaches beyond the end.
    #[error("it ends inside a field")]
    OutOfBounds,
    /// A varint of more than 32 bits.
    #[error("a number is too long")]
    LongVarint,
    /// Null where the schema has none.
    #[error("a field is null that must not be")]
    Null,
    /// Text that is not UTF-8.
    #[error("a text is not UTF-8")]
    NotText,
    /// A tag twice, or tags not in order.
    #[error("tagged fields are not in order")]
    TagOrder,
    /// Bytes behind the last field.
    #[error("bytes follow its last field")]
    BytesBehind,
}

/// What is left of a message.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(&'a [u8]);

type Read<T> = Result<T, FieldError>;

impl<'a> Fields<'a> {
    pub fn new(bytes: &'a [u8]) -> Fields<'a> {
        Fields(bytes)
    }

    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(FieldError::OutOfBounds)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(FieldError::OutOfBounds)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub fn i8(&mut self) -> Read<i8> {
        self.array().map(i8::from_be_bytes)
    }

    pub fn bool(&mut self) -> Read<bool> {
        Ok(self.i8()? != 0)
    }

    pub fn i32(&mut self) -> Read<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub fn i64(&mut self) -> Read<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub fn uuid(&mut self) -> Read<Uuid> {
        self.array().map(Uuid::from_bytes)
    }

    pub fn varint(&mut self) -> Read<u32> {
        let mut value: u32 = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && bits > 15 {
                return Err(FieldError::LongVarint);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(FieldError::LongVarint)
    }

    fn length(&mut self) -> Read<Option<usize>> {
        // Zero is null; everything else is one more than it says.
        Ok(self.varint()?.checked_sub(1).map(|length| length as usize))
    }

    pub fn nullable_text(&mut self) -> Read<Option<&'a str>> {
        let Some(length) = self.length()? else { return Ok(None) };
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map(Some).map_err(|_| FieldError::NotText)
    }

    pub fn text(&mut self) -> Read<&'a str> {
        self.nullable_text()?.ok_or(FieldError::Null)
    }

    /// An array of elements of which each takes `size` bytes.
    fn fixed<T>(&mut self, size: usize, read: fn(&mut Self) -> Read<T>) -> Read<Option<Vec<T>>> {
        let Some(count) = self.length()? else { return Ok(None) };
        let bytes = self.take(count.checked_mul(size).ok_or(FieldError::OutOfBounds)?)?;
        let mut inside = Fields(bytes);
        (0..count).map(|_| read(&mut inside)).collect::<Read<Vec<T>>>().map(Some)
    }

    pub fn nullable_i32s(&mut self) -> Read<Option<Vec<i32>>> {
        self.fixed(4, Fields::i32)
    }

    pub fn i32s(&mut self) -> Read<Vec<i32>> {
        self.nullable_i32s()?.ok_or(FieldError::Null)
    }

    pub fn nullable_uuids(&mut self) -> Read<Option<Vec<Uuid>>> {
        self.fixed(16, Fields::uuid)
    }

    pub fn uuids(&mut self) -> Read<Vec<Uuid>> {
        self.nullable_uuids()?.ok_or(FieldError::Null)
    }

    /// Walks over elements that are read one by one; each takes a byte at least.
    pub fn each(&mut self, mut read: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        let count = self.length()?.ok_or(FieldError::Null)?;
        if count > self.0.len() {
            return Err(FieldError::OutOfBounds);
        }
        (0..count).try_for_each(|_| read(self))
    }

    /// The tagged fields at the end of a message or element; `take` gets tag and content, and reads
    /// over what it does not know.
    pub fn tags(&mut self, mut take: impl FnMut(u32, &mut Fields<'a>) -> Read<()>) -> Read<()> {
        let count = self.varint()?;
        let mut before = None;
        for _ in 0..count {
            let tag = self.varint()?;
            if before.is_some_and(|before| tag <= before) {
                return Err(FieldError::TagOrder);
            }
            before = Some(tag);
            let size = self.varint()? as usize;
            take(tag, &mut Fields(self.take(size)?))?;
        }
        Ok(())
    }

    /// The end of a message: tags nobody asks for, then nothing.
    pub fn end(mut self) -> Read<()> {
        self.tags(|_, _| Ok(()))?;
        self.nothing_left()
    }

    pub fn nothing_left(&self) -> Read<()> {
        if self.0.is_empty() { Ok(()) } else { Err(FieldError::BytesBehind) }
    }
}
