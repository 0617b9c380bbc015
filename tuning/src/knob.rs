//! What a row of the table of knobs is.

use crate::aspect::Aspect;
use crate::host::Host;
use crate::site::Site;

/// How much a failed condition matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The broker does not start, or what it promises does not hold.
    Fatal,
    /// It is slower or stops earlier than it could.
    Warning,
}

/// What a knob gained when somebody measured it with Corelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gain {
    /// Measured: on what, how, and the figures.
    Measured(&'static str),
    /// The reason stands without a figure of ours.
    NotMeasured,
}

/// A condition of a host.
#[derive(Debug)]
pub struct Knob {
    /// As it is named on the command line.
    pub name: &'static str,
    /// Why it is a condition.
    pub why: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it gained.
    pub gain: Gain,
    /// Looks at the host: one aspect per target.
    pub look: fn(&dyn Host, &Site) -> Vec<Aspect>,
}

impl Severity {
    /// As in the table.
    pub fn shown(self) -> &'static str {
        match self {
            Severity::Fatal => "Fatal",
            Severity::Warning => "Warning",
        }
    }
}

impl Gain {
    /// A sentence.
    pub fn shown(self) -> &'static str {
        match self {
            Gain::Measured(figures) => figures,
            Gain::NotMeasured => "not measured",
        }
    }
}
