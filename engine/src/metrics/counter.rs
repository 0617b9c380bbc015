//! A number in memory that one thread writes and any thread reads.
//!
//! A single writer needs no read-modify-write: a relaxed load and a relaxed store, which cost as
//! much as a plain addition.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only ever grows, or a level, written by one thread.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `more`; only the owning core may call it.
    pub fn add(&self, more: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
    }

    /// Adds one; only the owning core may call it.
    pub fn one(&self) {
        self.add(1);
    }

    /// Takes `less` from a level, which never falls below zero; only the owning core may call it.
    pub fn lower(&self, less: u64) {
        self.set(self.get().saturating_sub(less));
    }

    /// Sets a level; only the owning core may call it.
    pub fn set(&self, level: u64) {
        self.0.store(level, Ordering::Relaxed);
    }

    /// The value now; any thread.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_never_falls_below_zero() {
        let level = Counter::default();
        level.add(3);
        level.lower(1);
        assert_eq!(level.get(), 2);
        level.lower(5);
        assert_eq!(level.get(), 0);
    }
}
