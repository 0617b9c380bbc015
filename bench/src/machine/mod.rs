//! What the kernel says of this machine and of a process, and the page cache regime of a
//! measurement.
//!
//! | file | one idea |
//! |---|---|
//! | `affinity` | threads on CPUs of their own |
//! | `command` | commands that end with this program |
//! | `process` | CPU, memory and switches of a process |
//! | `cpu_time` | exact CPU time of a thread, of this process, of the kernel's threads |
//! | `disk` | the device under a folder: its flushes, and what a sync costs |
//! | `cache` | keeping the page cache full, so that everyone's new pages come from reclaim |
//! | `pages` | pages of a sparse file, touched and made cold |
//! | `perf` | the command that samples a process and counts its system calls |
//! | `describe` | the machine in words |

mod affinity;
mod cache;
mod command;
mod cpu_time;
mod describe;
mod disk;
mod pages;
pub mod perf;
mod process;

pub use affinity::{allowed_cpus, stay_on};
pub use cache::FullCache;
pub use command::bound;
pub use cpu_time::{kernel_seconds, process_seconds, thread_seconds};
pub use describe::{circumstances, name};
pub use disk::{Disk, Sync};
pub use process::{CpuTime, Threads, cpu_seconds, read_bytes, rss_bytes, rss_peak_bytes, switches};
