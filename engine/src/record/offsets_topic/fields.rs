//! Fields of Kafka's messages, in both styles: plain lengths, since KIP-482 compact lengths with
//! a section of tagged fields behind every structure. Pure.
//!
//! A count or a length is believed only as far as there are bytes: nothing is allocated by it.
//! Must not know: what the fields mean.

use std::sync::Arc;

use bytes::{BufMut, Bytes};
use uuid::Uuid;

use super::error::DecodeError;

/// The longest text that plain fields, and with them every key, can hold, in bytes. Whoever lets
/// names in refuses longer ones: beyond it they are cut.
pub const PLAIN_TEXT_BYTES_MAX: usize = i16::MAX as usize;

/// What is left of a message, read from the front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    compact: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Reader<'a> {
        Reader { rest, compact: false }
    }

    /// From here on the fields are of the compact style, or not.
    pub(super) fn compact(&mut self, compact: bool) {
        self.compact = compact;
    }

    /// The version in front of a value that has only one, and the style it is in: compact.
    pub(super) fn expect_version(&mut self, kind: i16, only: i16) -> Result<(), DecodeError> {
        let version = self.i16()?;
        if version != only {
            return Err(DecodeError::UnknownVersion { kind, version });
        }
        self.compact = true;
        Ok(())
    }

    pub(super) fn i8(&mut self) -> Result<i8, DecodeError> {
        self.array::<1>().map(i8::from_be_bytes)
    }

    pub(super) fn i16(&mut self) -> Result<i16, DecodeError> {
        self.array::<2>().map(i16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, DecodeError> {
        self.array::<4>().map(i32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array::<8>().map(i64::from_be_bytes)
    }

    pub(super) fn uuid(&mut self) -> Result<Uuid, DecodeError> {
        self.array::<16>().map(Uuid::from_bytes)
    }

    pub(super) fn text(&mut self) -> Result<Arc<str>, DecodeError> {
        self.nullable_text()?.ok_or(DecodeError::Null)
    }

    pub(super) fn nullable_text(&mut self) -> Result<Option<Arc<str>>, DecodeError> {
        let length =
            if self.compact { self.compact_length()? } else { length(self.i16()?.into())? };
        let Some(length) = length else { return Ok(None) };
        let bytes = self.take(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::NotUtf8)?;
        // An empty one shares one allocation with all others.
        Ok(Some(if text.is_empty() { Arc::default() } else { Arc::from(text) }))
    }

    /// Bytes, copied, so that a record does not keep the batch it came in.
    pub(super) fn bytes(&mut self) -> Result<Bytes, DecodeError> {
        let length = if self.compact { self.compact_length()? } else { length(self.i32()?)? };
        self.take(length.ok_or(DecodeError::Null)?).map(Bytes::copy_from_slice)
    }

    /// A list; every element takes a byte at least.
    pub(super) fn list<T>(
        &mut self,
        element: impl Fn(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        self.nullable_list(element)?.ok_or(DecodeError::Null)
    }

    pub(super) fn nullable_list<T>(
        &mut self,
        element: impl Fn(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let count = if self.compact { self.compact_length()? } else { length(self.i32()?)? };
        let Some(count) = count else { return Ok(None) };
        if count > self.rest.len() {
            return Err(DecodeError::OutOfBounds);
        }
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(element(self)?);
        }
        Ok(Some(list))
    }

    /// The tagged fields behind a structure; those that `field` does not look into are passed over.
    /// Nothing in the plain style.
    pub(super) fn tags(
        &mut self,
        mut field: impl FnMut(u32, &mut Reader<'a>) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        if !self.compact {
            return Ok(());
        }
        for _ in 0..self.varint()? {
            let tag = self.varint()?;
            let length = usize::try_from(self.varint()?).map_err(|_| DecodeError::OutOfBounds)?;
            let mut inside = Reader { rest: self.take(length)?, compact: true };
            field(tag, &mut inside)?;
        }
        Ok(())
    }

    /// Tagged fields of which none is known.
    pub(super) fn no_tags(&mut self) -> Result<(), DecodeError> {
        self.tags(|_, _| Ok(()))
    }

    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        match self.varint()? {
            0 => Ok(None),
            above => usize::try_from(above - 1).map(Some).map_err(|_| DecodeError::OutOfBounds),
        }
    }

    fn varint(&mut self) -> Result<u32, DecodeError> {
        let mut value: u32 = 0;
        for shift in (0..35).step_by(7) {
            let [byte] = self.array::<1>()?;
            let low = u32::from(byte & 0x7f);
            if shift == 28 && low > 0x0f {
                return Err(DecodeError::OutOfBounds);
            }
            value |= low << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::OutOfBounds)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(DecodeError::OutOfBounds)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(DecodeError::OutOfBounds)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// A plain length; -1 is null.
fn length(raw: i32) -> Result<Option<usize>, DecodeError> {
    match raw {
        -1 => Ok(None),
        _ => usize::try_from(raw).map(Some).map_err(|_| DecodeError::OutOfBounds),
    }
}

/// The number of a tagged field, and what writes it.
pub(super) type TaggedField<'a> = (u32, &'a dyn Fn(&mut Writer));

/// A message that is being written.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    compact: bool,
}

impl Writer {
    /// Behind the version that stands in front of every key and value.
    pub(super) fn new(version: i16, compact: bool) -> Writer {
        let mut writer = Writer { bytes: Vec::with_capacity(64), compact };
        writer.i16(version);
        writer
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn i8(&mut self, value: i8) {
        self.bytes.put_i8(value);
    }

    pub(super) fn i16(&mut self, value: i16) {
        self.bytes.put_i16(value);
    }

    pub(super) fn i32(&mut self, value: i32) {
        self.bytes.put_i32(value);
    }

    pub(super) fn i64(&mut self, value: i64) {
        self.bytes.put_i64(value);
    }

    pub(super) fn uuid(&mut self, value: Uuid) {
        self.bytes.extend_from_slice(value.as_bytes());
    }

    pub(super) fn text(&mut self, value: &str) {
        self.nullable_text(Some(value));
    }

    pub(super) fn nullable_text(&mut self, value: Option<&str>) {
        let value = match value {
            Some(text) if !self.compact => {
                Some(&text[..text.floor_char_boundary(PLAIN_TEXT_BYTES_MAX)])
            }
            value => value,
        };
        match (self.compact, value.map(str::len)) {
            (true, length) => self.compact_length(length),
            (false, Some(length)) => self.bytes.put_i16(i16::try_from(length).unwrap_or(i16::MAX)),
            (false, None) => self.bytes.put_i16(-1),
        }
        self.bytes.extend_from_slice(value.unwrap_or_default().as_bytes());
    }

    pub(super) fn bytes(&mut self, value: &[u8]) {
        self.count(value.len());
        self.bytes.extend_from_slice(value);
    }

    pub(super) fn list<T>(&mut self, list: &[T], element: impl Fn(&mut Self, &T)) {
        self.count(list.len());
        for one in list {
            element(self, one);
        }
    }

    /// The tagged fields behind a structure, by number, each written by a function of its own.
    /// Nothing in the plain style.
    pub(super) fn tags(&mut self, fields: &[TaggedField]) {
        if !self.compact {
            return;
        }
        self.varint(fields.len());
        for (tag, field) in fields {
            let mut inside = Writer { bytes: Vec::new(), compact: true };
            field(&mut inside);
            self.varint(*tag as usize);
            self.varint(inside.bytes.len());
            self.bytes.append(&mut inside.bytes);
        }
    }

    fn count(&mut self, count: usize) {
        match self.compact {
            true => self.compact_length(Some(count)),
            false => self.bytes.put_i32(i32::try_from(count).unwrap_or(i32::MAX)),
        }
    }

    fn compact_length(&mut self, length: Option<usize>) {
        self.varint(length.map_or(0, |length| length + 1));
    }

    fn varint(&mut self, mut value: usize) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}
