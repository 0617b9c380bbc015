//! Which log dirs went offline: written by the core that met the failure, read by anybody.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// One mark per log dir, in the order of `log.dirs`. A dir comes back with a restart only.
#[derive(Debug)]
pub struct OfflineDirs(Vec<AtomicBool>);

impl OfflineDirs {
    /// `count` log dirs, all of them online.
    pub fn none_of(count: usize) -> OfflineDirs {
        OfflineDirs((0..count).map(|_| AtomicBool::new(false)).collect())
    }

    /// This one serves nobody any more.
    pub(super) fn mark(&self, dir: usize) {
        if let Some(mark) = self.0.get(dir) {
            mark.store(true, Relaxed);
        }
    }

    /// Whether a core has met a failure of this one.
    pub fn is_offline(&self, dir: usize) -> bool {
        self.0.get(dir).is_some_and(|mark| mark.load(Relaxed))
    }
}
