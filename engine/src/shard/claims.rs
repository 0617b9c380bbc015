//! Whose directory a partition's is: one log at a time, over all cores.
//!
//! A topic that is deleted and created again has another id, so another core may own its
//! partitions, but its directories have the same names. The new log is opened only after the old
//! one's directory was renamed. Any core; the lock is held for a look-up.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::runtime::sync::watch;

/// Index of the log dir, topic, partition.
pub(super) type Place = (usize, String, i32);

/// The directories that belong to a log now.
#[derive(Debug)]
pub struct Claims {
    held: Mutex<BTreeSet<Place>>,
    released: watch::Sender<u64>,
}

impl Default for Claims {
    fn default() -> Self {
        Self { held: Mutex::default(), released: watch::Sender::new(0) }
    }
}

impl Claims {
    /// Waits until no log has this directory, then takes it.
    pub(super) async fn take(&self, place: &Place) {
        let mut released = self.released.subscribe();
        while !self.try_take(place) {
            // The sender lives as long as `self`.
            let _ = released.changed().await;
        }
    }

    /// The log is closed or renamed: the directory may be taken again.
    pub(super) fn release(&self, place: &Place) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(place);
        self.released.send_modify(|count| *count += 1);
    }

    fn try_take(&self, place: &Place) -> bool {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(place.clone())
    }
}
