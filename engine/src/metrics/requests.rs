//! What requests of one kind took on one core, by the stretches of their way.
//!
//! A kind is a small number that the layer above gives a meaning. A core has room for a kind from
//! its first request on, and never gives it up: about 5 KB each.

use std::sync::OnceLock;

use super::counter::Counter;
use super::histogram::Times;

/// Kinds are below this number.
pub const REQUEST_KINDS: usize = 128;

/// One kind of request on one core. Times in nanoseconds.
#[derive(Debug, Default)]
pub struct RequestMetrics {
    /// From its last byte to the last byte of its answer.
    pub total: Times,
    /// Until a handler takes it.
    pub queued: Times,
    /// Until everything it asks for stands in its owner's queue.
    pub local: Times,
    /// From there until the answer is known: flushes, other cores, more records, other members.
    pub remote: Times,
    /// Until the answers before it have left.
    pub answer_queued: Times,
    /// Until the socket has taken it.
    pub sending: Times,
    /// Requests that ended their connection instead of being answered.
    pub refused: Counter,
    /// Errors in their answers, for kinds whose handlers tell.
    pub errors: ErrorTable,
}

/// Codes of errors are below this number.
const ERROR_CODES: usize = 160;

/// How often which error was answered, by a number from -1 on. Takes no room before the first.
#[derive(Debug, Default)]
pub struct ErrorTable(OnceLock<Box<[Counter; ERROR_CODES]>>);

impl ErrorTable {
    /// One more of these; only the owning core may call it.
    pub fn one(&self, code: i16) {
        let counters = self.0.get_or_init(|| Box::new(std::array::from_fn(|_| Counter::default())));
        let place = usize::try_from(i32::from(code) + 1).ok();
        if let Some(counter) = place.and_then(|place| counters.get(place)) {
            counter.one();
        }
    }

    /// Every error that was answered, with its count; any thread.
    pub fn all(&self) -> Vec<(i16, u64)> {
        let Some(counters) = self.0.get() else { return Vec::new() };
        let counted = (-1i16..).zip(counters.iter()).map(|(code, counter)| (code, counter.get()));
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

/// The kinds that a core has met.
#[derive(Debug)]
pub struct RequestTable([OnceLock<Box<RequestMetrics>>; REQUEST_KINDS]);

impl Default for RequestTable {
    fn default() -> Self {
        Self(std::array::from_fn(|_| OnceLock::new()))
    }
}

impl RequestTable {
    /// The counters of `kind`, made at its first request; `None` above [`REQUEST_KINDS`]. Only the
    /// owning core may call it.
    pub fn of(&self, kind: usize) -> Option<&RequestMetrics> {
        Some(self.0.get(kind)?.get_or_init(Box::default))
    }

    /// Every kind that was met, by its number; any thread.
    pub fn all(&self) -> impl Iterator<Item = (usize, &RequestMetrics)> {
        self.0.iter().enumerate().filter_map(|(kind, met)| Some((kind, &**met.get()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_by_code() {
        let errors = ErrorTable::default();
        assert_eq!(errors.all(), []);
        for code in [-1, 3, 3, 500] {
            errors.one(code);
        }
        assert_eq!(errors.all(), [(-1, 1), (3, 2)]);
    }

    #[test]
    fn a_kind_has_room_from_its_first_request_on() {
        let table = RequestTable::default();
        assert_eq!(table.all().count(), 0);
        table.of(18).unwrap().total.record(5000);
        assert!(table.of(REQUEST_KINDS).is_none());
        let met: Vec<_> = table.all().map(|(kind, one)| (kind, one.total.read().count())).collect();
        assert_eq!(met, [(18, 1)]);
    }
}
