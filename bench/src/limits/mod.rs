//! What this machine allows: its primitives measured one by one (the P-list of the cost model),
//! and from them the most that any broker of this kind could do here.
//!
//! | file | one idea |
//! |---|---|
//! | `plan` | how long and how large everything is |
//! | `site` | where it is measured: folder, CPUs, rounds |
//! | `figures` | a primitive's figure: median and range of its rounds |
//! | `network` | P1 receiving, P2 sending, P3 sendfile over loopback |
//! | `memory` | P4 the checksum, P5 copying |
//! | `page_cache` | P6 buffered writes, P7 writing them back |
//! | `direct` | P8 writes past the page cache, P9 the device |
//! | `sync` | P10 what a sync takes |
//! | `ring` | P11 a hop to a thread of the kernel, P14 system calls and trips through the ring |
//! | `round_trip` | P12 a byte to and fro |
//! | `request` | P13 a produce request without its storage |
//! | `model` | the cost model: from primitives to limits |
//! | `output` | the results as text and as data |
//! | `run` | all of it in order |

mod direct;
mod figures;
mod memory;
mod model;
mod network;
mod output;
mod page_cache;
mod plan;
mod request;
mod ring;
mod round_trip;
mod run;
mod site;
mod sync;

pub use plan::Plan;
pub use run::{Settings, run};
