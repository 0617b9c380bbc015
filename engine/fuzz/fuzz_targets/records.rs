//! The records of a batch: codecs, varints, questions about time.

#![no_main]

use corelog_engine_fuzz::records;

libfuzzer_sys::fuzz_target!(|input: &[u8]| records(input));
