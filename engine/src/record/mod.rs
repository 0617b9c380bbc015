//! Record batches, version 2, and their compression.
