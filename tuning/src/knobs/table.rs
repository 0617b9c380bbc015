//! The families in the order in which they are shown.

use super::{clock, cpu, disk, file_system, kernel, limits, memory, network};
use crate::knob::Knob;

/// Every knob, by family.
pub const FAMILIES: &[(&str, &[Knob])] = &[
    ("kernel", kernel::KNOBS),
    ("limits", limits::KNOBS),
    ("memory", memory::KNOBS),
    ("file system", file_system::KNOBS),
    ("disk", disk::KNOBS),
    ("cpu", cpu::KNOBS),
    ("network", network::KNOBS),
    ("clock", clock::KNOBS),
];

/// Every knob, in order.
pub fn all() -> impl Iterator<Item = &'static Knob> {
    FAMILIES.iter().flat_map(|(_, knobs)| knobs.iter())
}

/// The knob of that name.
pub fn named(name: &str) -> Option<&'static Knob> {
    all().find(|knob| knob.name == name)
}
