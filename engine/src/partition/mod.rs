//! One replica on its owner core.
