//! A record of `__consumer_offsets`: its key and its value.

#![no_main]

use corelog_engine_fuzz::group_record;

libfuzzer_sys::fuzz_target!(|input: &[u8]| group_record(input));
