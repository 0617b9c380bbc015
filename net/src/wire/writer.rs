//! Writes the primitives of one message version: the mirror of `reader.rs`, for the responses that
//! are written by hand. Any thread.

use bytes::{BufMut, BytesMut};

use super::primitive::put_varint;

/// A message being written, and the version it is written in.
pub(super) struct Writer {
    /// What is written so far; fixed-width fields go straight in.
    pub out: BytesMut,
    pub version: i16,
    pub flexible: bool,
}

impl Writer {
    pub fn new(version: i16, flexible: bool) -> Writer {
        Writer::with_room(version, flexible, 0)
    }

    /// As [`Writer::new`], for a message of about `bytes` bytes: a buffer that grows from nothing
    /// is moved several times before it holds the answer to one small batch.
    pub fn with_room(version: i16, flexible: bool, bytes: usize) -> Writer {
        Writer { out: BytesMut::with_capacity(bytes), version, flexible }
    }

    /// The count of an array that is not null; its elements follow.
    pub fn array(&mut self, count: usize) {
        if self.flexible {
            put_varint(&mut self.out, count as u32 + 1);
        } else {
            self.out.put_i32(count as i32);
        }
    }

    /// An array that is null.
    pub fn null_array(&mut self) {
        if self.flexible {
            self.out.put_u8(0);
        } else {
            self.out.put_i32(-1);
        }
    }

    /// The length of a byte field that is not null; its bytes follow, here or beside this buffer.
    pub fn bytes_length(&mut self, length: u32) {
        self.array(length as usize);
    }

    /// A string that is not null. Names, hosts and messages of ours are short; what is beyond the
    /// protocol's limit is cut at a character.
    pub fn string(&mut self, text: &str) {
        let text = &text[..text.floor_char_boundary(super::primitive::STRING_BYTES_MAX)];
        if self.flexible {
            put_varint(&mut self.out, text.len() as u32 + 1);
        } else {
            self.out.put_i16(text.len() as i16);
        }
        self.out.put_slice(text.as_bytes());
    }

    /// A string that may be null.
    pub fn nullable_string(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.string(text),
            None if self.flexible => self.out.put_u8(0),
            None => self.out.put_i16(-1),
        }
    }

    /// The count of tagged fields that end a structure, in flexible versions.
    pub fn tags(&mut self, count: u32) {
        if self.flexible {
            put_varint(&mut self.out, count);
        }
    }

    /// The end of a structure without tagged fields.
    pub fn no_tags(&mut self) {
        self.tags(0);
    }

    /// The head of one tagged field of `bytes` bytes, which follow.
    pub fn tag(&mut self, tag: u32, bytes: u32) {
        put_varint(&mut self.out, tag);
        put_varint(&mut self.out, bytes);
    }
}
