//! Index entries and rolling.
