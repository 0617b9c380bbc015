//! Start and stop one broker: the order of things.
