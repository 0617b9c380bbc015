//! The one door to the kernel and the clock, and the only folder where `unsafe` is allowed.
//!
//! Two backends with one API: `ring` (tokio-uring, one runtime per pinned core) and, under
//! `--cfg simulated`, a seeded world. Code above this folder compiles unchanged with either. The
//! files beside this one are neutral: they serve both. This folder knows nothing of records, logs
//! or requests.

mod clock;
pub mod failpoint;
mod heartbeat;
mod map;
mod mesh;
mod part;
pub mod planted;
mod random;
mod reply;
mod report;
mod settings;
pub mod sync;

#[cfg(not(simulated))]
mod ring;
#[cfg(simulated)]
pub mod simulated;

pub use clock::Mono;
pub use heartbeat::{HEARTBEAT_INTERVAL, Heartbeat, beat, heartbeats};
pub use map::{FixedMap, FixedSet};
pub use mesh::{Closed, MeshEnd, MeshSender, mesh};
pub use part::{Part, PartQueue, Slice};
pub use random::{Rng, random_uuid, random_uuid_from};
pub use reply::{Answer, Dropped, Reply, reply};
pub use report::{DirEntry, EntryKind, OpenMode, Survey};
pub use settings::{CoreId, CoreSettings, LocalBoxFuture};
pub use std::net::{IpAddr, SocketAddr};

#[cfg(not(simulated))]
use ring::counters;
#[cfg(simulated)]
use simulated::counters;

#[cfg(not(simulated))]
pub use ring::{
    Alarm, ColdReads, ControlThread, CoreBuild, CoreThreads, DetachedSocket, DirLock, Directory,
    KernelFeatures, Listener, NewDirectories, ProbeError, RingTrip, ScratchDir, SegmentFile,
    SendError, Socket, Task, Within, core, core_metrics, now, on_worker, probe, refuse_huge_pages,
    resolve, ring_trips, rng, run_here, sleep, sleep_until, spawn, start_control, start_cores,
    stop_signal, wall, within, works_on, yield_now,
};
#[cfg(simulated)]
pub use simulated::{
    ControlThread, CoreBuild, CoreThreads, DirLock, Directory, NewDirectories, ScratchDir,
    SegmentFile, Task, core, core_metrics, now, on_worker, rng, run_here, sleep, sleep_until,
    spawn, start_control, start_cores, stop_signal, wall, within, yield_now,
};
