//! What a table means on the wire: versions, tags, nulls, arrays.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::protocol::StrBytes;

use super::*;
use crate::wire::layout::layout;
use crate::wire::malformed::Malformed;

layout! {
    /// A structure for these tests.
    pub struct Sample {
        /// In all versions.
        always: i16 = 0, ..;
        /// In the middle ones.
        middle: i8 = 7, 2..=3;
        /// In the newer ones.
        newer: Option<StrBytes> = None, 3..;
    }
    tagged {
        /// A tagged field.
        5 => tagged: i32 = -1, 4..;
    }
}

fn read<T: Field>(version: i16, flexible: bool, bytes: &[u8]) -> Result<T, Malformed> {
    T::read(&mut Reader::new(Bytes::copy_from_slice(bytes), version, flexible))
}

#[test]
fn fields_are_read_in_the_versions_that_carry_them() {
    let old: Sample = read(1, false, &[1, 2]).unwrap();
    assert_eq!((old.always, old.middle, old.newer, old.tagged), (258, 7, None, -1));
    let middle: Sample = read(3, false, &[0, 1, 9, 0, 1, b'x']).unwrap();
    assert_eq!((middle.middle, middle.newer.as_deref()), (9, Some("x")));
    let new: Sample = read(4, true, &[0, 1, 2, b'x', 1, 5, 4, 0, 0, 0, 8]).unwrap();
    assert_eq!((new.middle, new.newer.as_deref(), new.tagged), (7, Some("x"), 8));
}

#[test]
fn unknown_tags_are_passed_over_and_known_ones_must_fit() {
    let tags = |tags: &[u8]| [&[0, 1, 0], tags].concat();
    let read = |bytes: Vec<u8>| read::<Sample>(4, true, &bytes).map(|sample| sample.tagged);
    assert_eq!(read(tags(&[2, 3, 1, 99, 5, 4, 0, 0, 0, 8])), Ok(8));
    assert_eq!(read(tags(&[1, 5, 5, 0, 0, 0, 8, 0])), Err(Malformed::TagSize(5)));
    assert_eq!(read(tags(&[1, 5, 3, 0, 0, 8])), Err(Malformed::TagSize(5)));
    assert_eq!(read(tags(&[1, 5, 4, 0])), Err(Malformed::Short));
}

#[test]
fn a_tag_of_a_later_version_is_unknown_before_it() {
    let sample: Sample = read(3, true, &[0, 1, 9, 0, 1, 5, 1, 77]).unwrap();
    assert_eq!(sample.tagged, -1);
}

#[test]
fn nulls_are_told_from_nothing() {
    assert_eq!(read::<Option<StrBytes>>(0, true, &[0]), Ok(None));
    assert_eq!(read::<StrBytes>(0, true, &[0]), Err(Malformed::Null));
    assert_eq!(read::<StrBytes>(0, true, &[1]), Ok(StrBytes::new()));
    assert_eq!(read::<Option<Bytes>>(0, false, &[0xff; 4]), Ok(None));
    assert_eq!(read::<Bytes>(0, false, &[0xff; 4]), Err(Malformed::Null));
    assert!(read::<Option<Seq<i32>>>(0, false, &[0xff; 4]).unwrap().is_none());
    assert!(matches!(read::<Seq<i32>>(0, false, &[0xff; 4]), Err(Malformed::Null)));
    assert_eq!(read::<Nullable<i16>>(0, true, &[0xff]), Ok(Nullable(None)));
    assert_eq!(read::<Nullable<i16>>(0, true, &[1, 0, 5]), Ok(Nullable(Some(5))));
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    assert_eq!(read::<StrBytes>(0, true, &[3, 0xc3, 0x28]), Err(Malformed::NotUtf8));
}

#[test]
fn arrays_are_walked_where_they_lie_as_often_as_wanted() {
    let mut bytes = BytesMut::new();
    bytes.put_i32(3);
    for number in [4, 5, 6] {
        bytes.put_i32(number);
    }
    bytes.put_i8(42);
    let mut reader = Reader::new(bytes.freeze(), 0, false);
    let numbers = Seq::<i32>::read(&mut reader).unwrap();
    assert_eq!(i8::read(&mut reader), Ok(42));
    assert_eq!((numbers.len(), numbers.iter().len()), (3, 3));
    for _ in 0..2 {
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [4, 5, 6]);
    }
    assert_eq!(format!("{:?}", numbers.clone()), "[4, 5, 6]");
    assert!(Seq::<i32>::empty().iter().next().is_none());
}

layout! {
    /// A structure that has no bytes in old versions.
    #[allow(dead_code)]
    pub struct Hollow {
        /// In the newer ones.
        newer: i8 = 0, 3..;
    }
}

#[test]
fn an_array_of_nothing_cannot_count_for_free() {
    let bytes = [0, 0, 0, 2, 0, 0];
    assert!(matches!(read::<Seq<Hollow>>(0, false, &bytes), Err(Malformed::EmptyElement)));
    assert_eq!(read::<Seq<Hollow>>(3, false, &bytes).unwrap().len(), 2);
}
