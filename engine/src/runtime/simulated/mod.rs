//! The simulated backend (`--cfg simulated`): a seeded world in one thread. The same seed gives the
//! same schedule, the same latencies, the same crash. No sockets yet.

mod directory;
mod disk;
mod fault;
mod new_directories;
mod operation;
mod scheduler;
mod scratch;
mod segment_file;
mod start;
mod survival;
mod task;
mod time;
mod world;

pub use directory::{DirLock, Directory};
pub use fault::{Fault, OpKind};
pub use new_directories::NewDirectories;
pub use operation::on_worker;
pub use scratch::ScratchDir;
pub use segment_file::SegmentFile;
pub use start::{
    ControlThread, CoreBuild, CoreThreads, run_here, start_control, start_cores, stop_signal,
};
pub(super) use task::counters;
pub use task::{Task, core, core_metrics, rng, spawn};
pub use time::{now, sleep, sleep_until, wall, within, yield_now};
pub use world::World;

#[cfg(test)]
mod world_test;
