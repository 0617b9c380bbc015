//! Monotonic time as a plain number. It does not know who moves it: a backend's `now` does.
//! A value; any thread.

use std::ops::Add;
use std::time::Duration;

/// A point of monotonic time, in nanoseconds since an origin that is fixed per boot (ring) or
/// per world (simulated). Only differences mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mono(u64);

impl Mono {
    /// A deadline that never comes.
    pub const NEVER: Mono = Mono(u64::MAX);

    /// The point `nanos` after the origin.
    pub const fn from_nanos(nanos: u64) -> Mono {
        Mono(nanos)
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time from `earlier` to here; zero when `earlier` is later.
    pub fn since(self, earlier: Mono) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Mono {
    type Output = Mono;

    /// Saturates at [`Mono::NEVER`].
    fn add(self, more: Duration) -> Mono {
        let nanos = u64::try_from(more.as_nanos()).unwrap_or(u64::MAX);
        Mono(self.0.saturating_add(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_saturates_at_both_ends() {
        let at = Mono::from_nanos(5);
        assert_eq!(at.since(Mono::from_nanos(9)), Duration::ZERO);
        assert_eq!((at + Duration::from_nanos(4)).since(at), Duration::from_nanos(4));
        assert_eq!(at + Duration::MAX, Mono::NEVER);
    }
}
