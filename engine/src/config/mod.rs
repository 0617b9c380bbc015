//! Settings: what they are called, what they default to, what is valid.
