//! The ring backend: one tokio-uring runtime per core thread, sockets by `tokio::net`, files by
//! the ring, and plain worker threads for what may block. Everything here is private to `runtime`;
//! what is re-exported below is its API.

mod affinity;
mod cold;
mod context;
mod control;
mod descriptor;
mod directory;
mod kick;
mod listener;
mod new_directories;
mod operation;
mod pages;
mod probe;
mod residency;
mod scratch;
mod segment_file;
mod send;
mod setup;
mod signal;
mod socket;
mod start;
mod task;
mod time;
mod trip;
mod turn;
mod worker;

pub use cold::ColdReads;
pub(super) use context::counters;
pub use context::{core, core_metrics, rng, works_on};
pub use control::{ControlThread, start_control};
pub use directory::{DirLock, Directory};
pub use listener::{Listener, resolve};
pub use new_directories::NewDirectories;
pub use pages::refuse_huge_pages;
pub use probe::{KernelFeatures, ProbeError, probe};
pub use scratch::ScratchDir;
pub use segment_file::SegmentFile;
pub use send::SendError;
pub use signal::stop_signal;
pub use socket::{DetachedSocket, Socket};
pub use start::{CoreBuild, CoreThreads, run_here, start_cores};
pub use task::{Task, spawn};
pub use time::{Alarm, Within, now, sleep, sleep_until, wall, within, yield_now};
pub use trip::{RingTrip, ring_trips};
pub use worker::on_worker;

#[cfg(test)]
mod ring_test;
#[cfg(test)]
mod stall_test;
