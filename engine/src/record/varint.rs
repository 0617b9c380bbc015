//! Zigzag varints as records use them: at most 5 bytes for 32 bits, 10 for 64. Pure.
//!
//! Must not know: what the numbers mean.

use bytes::BufMut;

use super::records::RecordsError;

/// What is left of a record, read from the front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Reader<'a> {
        Reader { rest }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn byte(&mut self) -> Result<u8, RecordsError> {
        let (first, rest) = self.rest.split_first().ok_or(RecordsError::OutOfBounds)?;
        self.rest = rest;
        Ok(*first)
    }

    /// The next `count` bytes, none copied.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], RecordsError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(RecordsError::OutOfBounds)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn i32(&mut self) -> Result<i32, RecordsError> {
        let raw = self.unsigned(32)? as u32;
        Ok((raw >> 1) as i32 ^ -((raw & 1) as i32))
    }

    pub(super) fn i64(&mut self) -> Result<i64, RecordsError> {
        let raw = self.unsigned(64)?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// A length that must not be negative and must be there.
    pub(super) fn length(&mut self) -> Result<usize, RecordsError> {
        let length = usize::try_from(self.i32()?).map_err(|_| RecordsError::NegativeLength)?;
        if length > self.rest.len() {
            return Err(RecordsError::OutOfBounds);
        }
        Ok(length)
    }

    /// Bytes behind their length; -1 = null.
    pub(super) fn nullable(&mut self) -> Result<Option<&'a [u8]>, RecordsError> {
        match self.i32()? {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| RecordsError::NegativeLength)?;
                self.take(length).map(Some)
            }
        }
    }

    fn unsigned(&mut self, bits: u32) -> Result<u64, RecordsError> {
        let mut value = 0;
        let mut shift = 0;
        while shift < bits {
            let byte = self.byte()?;
            let low = u64::from(byte & 0x7f);
            // The last byte has fewer than 7 bits left: what does not fit is not a number.
            if bits - shift < 7 && low >> (bits - shift) != 0 {
                return Err(RecordsError::Varint);
            }
            value |= low << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            shift += 7;
        }
        Err(RecordsError::Varint)
    }
}

/// Appends a zigzag varint; 32-bit values come out the same as through a 32-bit writer.
pub(super) fn put(into: &mut impl BufMut, value: i64) {
    let mut raw = ((value << 1) ^ (value >> 63)) as u64;
    while raw >= 0x80 {
        into.put_u8(raw as u8 | 0x80);
        raw >>= 7;
    }
    into.put_u8(raw as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_number_comes_back(value: i64, small: i32) {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            put(&mut bytes, i64::from(small));
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.i64(), Ok(value));
            prop_assert_eq!(reader.i32(), Ok(small));
            prop_assert!(reader.rest().is_empty());
        }
    }

    #[test]
    fn five_and_ten_bytes_are_the_most() {
        assert_eq!(Reader::new(&[0x80; 6]).i32(), Err(RecordsError::Varint));
        assert_eq!(Reader::new(&[0x80; 11]).i64(), Err(RecordsError::Varint));
        assert_eq!(Reader::new(&[0x80; 4]).i32(), Err(RecordsError::OutOfBounds));
        let mut last = [0xff; 5];
        last[4] = 0x0f;
        assert_eq!(Reader::new(&last).i32(), Ok(i32::MIN));
        last[4] = 0x1f;
        assert_eq!(Reader::new(&last).i32(), Err(RecordsError::Varint));
    }

    #[test]
    fn lengths_never_reach_beyond_the_bytes() {
        let mut bytes = Vec::new();
        put(&mut bytes, 4);
        bytes.extend([1, 2, 3]);
        assert_eq!(Reader::new(&bytes).length(), Err(RecordsError::OutOfBounds));
        assert_eq!(Reader::new(&bytes).nullable(), Err(RecordsError::OutOfBounds));
        assert_eq!(Reader::new(&[3]).nullable(), Err(RecordsError::NegativeLength));
        assert_eq!(Reader::new(&[1]).nullable(), Ok(None));
    }
}
