//! Every knob looked at: the rows that `check` shows and `apply` works through.

use crate::aspect::{Aspect, Change, Cure, Verdict};
use crate::host::Host;
use crate::knob::Knob;
use crate::site::Site;

/// A condition and what it is a condition of.
#[derive(Debug)]
pub struct Row {
    /// The knob.
    pub knob: &'static Knob,
    /// What was found.
    pub aspect: Aspect,
    /// Whether that passes.
    pub verdict: Verdict,
}

impl Row {
    /// What is to be set: nothing unless it fails.
    pub fn changes(&self) -> &[Change] {
        match (&self.verdict, &self.aspect.cure) {
            (Verdict::Failed, Cure::Change(changes)) => changes,
            _ => &[],
        }
    }

    /// What people are to do: nothing unless it fails.
    pub fn by_hand(&self) -> Option<&str> {
        match (&self.verdict, &self.aspect.cure) {
            (Verdict::Failed, Cure::ByHand(what)) => Some(what),
            _ => None,
        }
    }
}

/// Looks at these knobs, in order.
pub fn survey(host: &dyn Host, site: &Site, knobs: &[&'static Knob]) -> Vec<Row> {
    let mut rows = Vec::new();
    for knob in knobs {
        for aspect in (knob.look)(host, site) {
            let verdict = aspect.verdict();
            rows.push(Row { knob, aspect, verdict });
        }
    }
    rows
}
