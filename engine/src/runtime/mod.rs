//! The one door to the kernel and the clock, and the only place for `unsafe`.
