//! Produced bytes: rules, then stamping.

#![no_main]

use corelog_engine_fuzz::batch;

libfuzzer_sys::fuzz_target!(|input: &[u8]| batch(input));
