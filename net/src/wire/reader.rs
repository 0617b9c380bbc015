//! Reads fields of one message version from a frame, without copying: strings and byte fields are
//! slices of the frame. The layouts are in the message files (see `layout.rs`); this file knows
//! what each Rust type looks like on the wire. Never allocates by a length from the wire: arrays
//! stay in the frame and are decoded while somebody walks them (`Seq`). Any thread.

use std::fmt;
use std::marker::PhantomData;

use bytes::{Buf, Bytes};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::malformed::Malformed;
use super::primitive;

/// What is left of a message, and the version it is written in.
#[derive(Clone)]
pub struct Reader {
    rest: Bytes,
    version: i16,
    flexible: bool,
}

impl Reader {
    /// A reader at the start of `body`; `flexible` says whether `version` is a flexible one.
    pub fn new(body: Bytes, version: i16, flexible: bool) -> Reader {
        Reader { rest: body, version, flexible }
    }

    /// The version the message is written in.
    pub fn version(&self) -> i16 {
        self.version
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Reads the tagged fields that end a structure, when the version has any. `known` gets the
    /// tag and a reader of exactly its bytes; it returns false for a tag it does not know, which
    /// is then skipped and not kept.
    pub fn tags(
        &mut self,
        mut known: impl FnMut(u32, &mut Reader) -> Result<bool, Malformed>,
    ) -> Result<(), Malformed> {
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..primitive::tag_count(&mut self.rest)? {
            let (tag, size) = primitive::tag_head(&mut self.rest)?;
            let mut field = Reader { rest: self.rest.split_to(size), ..*self };
            match known(tag, &mut field) {
                Ok(true) if field.remaining() > 0 => return Err(Malformed::TagSize(tag)),
                Err(Malformed::Short) => return Err(Malformed::TagSize(tag)),
                Err(other) => return Err(other),
                Ok(_) => {}
            }
        }
        Ok(())
    }
}

/// A type that has a place on the wire.
pub trait Field: Sized {
    /// Reads one value.
    fn read(from: &mut Reader) -> Result<Self, Malformed>;
}

macro_rules! fixed_width {
    ($($type:ty: $get:ident),*) => {$(
        impl Field for $type {
            fn read(from: &mut Reader) -> Result<Self, Malformed> {
                from.rest.$get().map_err(|_| Malformed::Short)
            }
        }
    )*};
}
fixed_width!(i8: try_get_i8, i16: try_get_i16, i32: try_get_i32, i64: try_get_i64);

impl Field for bool {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(i8::read(from)? != 0)
    }
}

impl Field for Uuid {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(Uuid::from_u128(from.rest.try_get_u128().map_err(|_| Malformed::Short)?))
    }
}

impl Field for Option<StrBytes> {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let Some(length) = primitive::string_length(&mut from.rest, from.flexible)? else {
            return Ok(None);
        };
        let text = from.rest.split_to(length);
        StrBytes::from_utf8(text).map(Some).map_err(|_| Malformed::NotUtf8)
    }
}

impl Field for StrBytes {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Option::<StrBytes>::read(from)?.ok_or(Malformed::Null)
    }
}

impl Field for Option<Bytes> {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let length = primitive::length(&mut from.rest, from.flexible)?;
        Ok(length.map(|length| from.rest.split_to(length)))
    }
}

impl Field for Bytes {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Option::<Bytes>::read(from)?.ok_or(Malformed::Null)
    }
}

/// A structure that may be absent: one byte, -1 = absent, then the structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nullable<T>(pub Option<T>);

impl<T: Field> Field for Nullable<T> {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        match i8::read(from)? {
            ..0 => Ok(Nullable(None)),
            _ => T::read(from).map(Some).map(Nullable),
        }
    }
}

/// An array that stays in the frame. Every element was decoded once when the message was read, so
/// walking it cannot fail; nothing is allocated for it, however many elements it has. Cloning is
/// cheap. It keeps the frame alive.
pub struct Seq<T> {
    elements: Reader,
    count: usize,
    element: PhantomData<fn() -> T>,
}

impl<T: Field> Seq<T> {
    /// An array without elements.
    pub fn empty() -> Seq<T> {
        let elements = Reader { rest: Bytes::new(), version: 0, flexible: false };
        Seq { elements, count: 0, element: PhantomData }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Walks the elements in order, decoding each on the way.
    pub fn iter(&self) -> SeqIter<T> {
        SeqIter { rest: self.elements.clone(), left: self.count, element: PhantomData }
    }
}

impl<T: Field> Field for Option<Seq<T>> {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let Some(count) = primitive::length(&mut from.rest, from.flexible)? else {
            return Ok(None);
        };
        let mut elements = from.clone();
        for _ in 0..count {
            let before = from.remaining();
            T::read(from)?;
            if from.remaining() == before {
                return Err(Malformed::EmptyElement);
            }
        }
        let used = elements.remaining() - from.remaining();
        elements.rest.truncate(used);
        Ok(Some(Seq { elements, count, element: PhantomData }))
    }
}

impl<T: Field> Field for Seq<T> {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Option::<Seq<T>>::read(from)?.ok_or(Malformed::Null)
    }
}

impl<T> Clone for Seq<T> {
    fn clone(&self) -> Self {
        Seq { elements: self.elements.clone(), count: self.count, element: PhantomData }
    }
}

impl<T: Field + fmt::Debug> fmt::Debug for Seq<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Field> IntoIterator for &Seq<T> {
    type Item = T;
    type IntoIter = SeqIter<T>;

    fn into_iter(self) -> SeqIter<T> {
        self.iter()
    }
}

/// The walk over a [`Seq`].
pub struct SeqIter<T> {
    rest: Reader,
    left: usize,
    element: PhantomData<fn() -> T>,
}

impl<T: Field> Iterator for SeqIter<T> {
    type Item = T;

    #[expect(clippy::expect_used, reason = "the same bytes were decoded when the Seq was read")]
    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        Some(T::read(&mut self.rest).expect("an element that was readable before"))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Field> ExactSizeIterator for SeqIter<T> {}

#[cfg(test)]
#[path = "reader_test.rs"]
mod reader_test;
