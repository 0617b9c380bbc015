//! Lengths and variable-length integers at their limits.

use super::*;
use crate::wire::malformed::Malformed;

#[test]
fn integers_of_any_width_come_back() {
    for value in [0, 1, 127, 128, 16_383, 16_384, 0x0fff_ffff, 0x1000_0000, u32::MAX] {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, value);
        let mut rest = &bytes[..];
        assert_eq!(varint(&mut rest), Ok(value));
        assert!(rest.is_empty());
    }
}

#[test]
fn integers_beyond_32_bits_or_cut_short_are_refused() {
    assert_eq!(varint(&mut &[0xff, 0xff, 0xff, 0xff, 0x10][..]), Err(Malformed::Varint));
    assert_eq!(varint(&mut &[0x80, 0x80, 0x80, 0x80, 0x80, 0x01][..]), Err(Malformed::Varint));
    assert_eq!(varint(&mut &[0x80, 0x80][..]), Err(Malformed::Short));
    assert_eq!(varint(&mut &[][..]), Err(Malformed::Short));
}

#[test]
fn only_minus_one_is_null_and_only_what_is_there_is_promised() {
    let read = |count: i32, spare: usize| {
        let bytes = [&count.to_be_bytes()[..], &vec![0; spare]].concat();
        length(&mut &bytes[..], false)
    };
    assert_eq!(read(-1, 9), Ok(None));
    assert_eq!(read(0, 0), Ok(Some(0)));
    assert_eq!(read(9, 9), Ok(Some(9)));
    assert_eq!(read(10, 9), Err(Malformed::Short));
    assert_eq!(read(i32::MAX, 9), Err(Malformed::Short));
    assert_eq!(read(-2, 9), Err(Malformed::NegativeLength(-2)));
    assert_eq!(read(i32::MIN, 9), Err(Malformed::NegativeLength(i32::MIN)));
}

#[test]
fn compact_lengths_are_one_more_than_they_mean() {
    assert_eq!(length(&mut &[0][..], true), Ok(None));
    assert_eq!(length(&mut &[1][..], true), Ok(Some(0)));
    assert_eq!(length(&mut &[3, 0, 0][..], true), Ok(Some(2)));
    assert_eq!(length(&mut &[4, 0, 0][..], true), Err(Malformed::Short));
    assert_eq!(length(&mut &[0xff, 0xff, 0xff, 0xff, 0x0f][..], true), Err(Malformed::Short));
}

#[test]
fn strings_are_bounded_in_both_encodings() {
    let mut bytes = Vec::new();
    put_varint(&mut bytes, STRING_BYTES_MAX as u32 + 2);
    bytes.resize(bytes.len() + STRING_BYTES_MAX + 1, b'a');
    let refused = Err(Malformed::StringTooLong(STRING_BYTES_MAX + 1));
    assert_eq!(string_length(&mut &bytes[..], true), refused);
    let longest = [&i16::MAX.to_be_bytes()[..], &[b'a'; STRING_BYTES_MAX]].concat();
    assert_eq!(string_length(&mut &longest[..], false), Ok(Some(STRING_BYTES_MAX)));
}

#[test]
fn unknown_tags_are_skipped_up_to_a_limit() {
    let tags = |count: u32| {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, count);
        for tag in 0..count {
            put_varint(&mut bytes, 1000 + tag);
            put_varint(&mut bytes, 3);
            bytes.extend([1, 2, 3]);
        }
        bytes
    };
    let most = tags(TAGS_MAX);
    let mut rest = &most[..];
    assert_eq!(skip_tags(&mut rest), Ok(()));
    assert!(rest.is_empty());
    let flood = tags(TAGS_MAX + 1);
    assert_eq!(skip_tags(&mut &flood[..]), Err(Malformed::TooManyTags(TAGS_MAX + 1)));
    assert_eq!(skip_tags(&mut &[1, 0, 2, 0][..]), Err(Malformed::Short));
}
