//! What a cleaning asks between two pieces: may it go on, and how long does it rest?
//!
//! On the thread of whoever drives the cleaning.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::CleanError;
use super::throttle::Throttle;
use crate::runtime::sync::watch;
use crate::runtime::{now, within};

/// Says that a log was changed in a way that makes what is read of it worthless. Any thread.
#[derive(Clone, Debug, Default)]
pub struct Abandon(Arc<AtomicBool>);

impl Abandon {
    /// From here on the cleaning is in vain.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it is.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The pace of everybody who cleans.
#[derive(Clone)]
pub struct Tempo {
    throttle: Rc<RefCell<Throttle>>,
    stop: watch::Receiver<bool>,
}

impl Tempo {
    /// At most so many bytes in a second, until `stop` turns true.
    pub fn new(bytes_per_second: f64, stop: watch::Receiver<bool>) -> Tempo {
        Tempo { throttle: Rc::new(RefCell::new(Throttle::new(bytes_per_second))), stop }
    }

    /// Waits until `bytes` are earned that were read or written.
    pub(super) async fn spend(&self, bytes: u64, abandon: &Abandon) -> Result<(), CleanError> {
        let rest = self.throttle.borrow_mut().take(now(), bytes);
        let mut stop = self.stop.clone();
        // Checked even without a rest; an error means that nobody can say stop any more.
        let stopped = within(now() + rest, stop.wait_for(|stop| *stop)).await.is_some();
        if stopped || abandon.is_set() { Err(CleanError::Abandoned) } else { Ok(()) }
    }
}
