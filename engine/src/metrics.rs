//! Counters of a core: written by that core alone, read from anywhere.
