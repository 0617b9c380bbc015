//! A segment's bytes, walked as recovery walks them.

#![no_main]

use corelog_engine_fuzz::segment;

libfuzzer_sys::fuzz_target!(|input: &[u8]| segment(input));
