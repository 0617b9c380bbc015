//! THE table of knobs: every condition of a host, a file per family.

mod clock;
mod cpu;
mod disk;
mod file_system;
mod interrupts;
mod kernel;
mod limits;
mod memory;
mod network;
mod table;

pub use interrupts::spread;
pub use table::{FAMILIES, all, named};
