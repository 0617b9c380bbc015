//! Refusing appends before the disk is full. A pure account: the shell asks the file system
//! now and then, and reports what it queued in between.

/// Free space of one log dir, as one core sees it.
#[derive(Clone, Copy, Debug)]
pub struct DiskSpace {
    free_bytes: u64,
    queued_since: u64,
    reserve_bytes: u64,
}

impl DiskSpace {
    /// An account that knows nothing yet and admits everything.
    pub fn new(reserve_bytes: u64) -> Self {
        Self { free_bytes: u64::MAX, queued_since: 0, reserve_bytes }
    }

    /// The file system said how much is free; what was queued before is in that figure or will
    /// be in the next one.
    pub fn observed(&mut self, free_bytes: u64) {
        self.free_bytes = free_bytes;
        self.queued_since = 0;
    }

    /// `bytes` were queued for this dir.
    pub fn queued(&mut self, bytes: u64) {
        self.queued_since = self.queued_since.saturating_add(bytes);
    }

    /// Whether the last figure may mislead: something was queued since, or space was low.
    pub fn is_stale(&self) -> bool {
        self.queued_since > 0 || self.free_bytes == u64::MAX || !self.admits(0)
    }

    /// Whether `bytes` more leave the reserve untouched.
    pub fn admits(&self, bytes: u64) -> bool {
        let spoken_for = self.queued_since.saturating_add(bytes).saturating_add(self.reserve_bytes);
        self.free_bytes >= spoken_for
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appends_are_refused_before_the_reserve_is_touched_and_admitted_again_after() {
        let mut space = DiskSpace::new(100);
        assert!(space.admits(u64::MAX / 2), "nothing known yet");
        space.observed(150);
        assert!(space.admits(50));
        space.queued(20);
        assert!(!space.admits(50));
        space.observed(99);
        assert!(!space.admits(0));
        space.observed(1_000);
        assert!(space.admits(50));
    }
}
