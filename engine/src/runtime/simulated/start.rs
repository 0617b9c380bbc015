//! Cores and control threads of the simulated world: groups of tasks of one thread. `join` runs the
//! world until they have ended, so it is called from `World::enter`, never from a task.

use std::io;

use crate::runtime::{CoreId, CoreSettings, LocalBoxFuture};

use super::task::{Task, spawn_on};
use super::world::{World, current};

/// Makes the main future of a core.
pub type CoreBuild = Box<dyn FnOnce() -> LocalBoxFuture<()> + Send>;

/// The started cores.
#[derive(Debug)]
pub struct CoreThreads(Vec<Task>);

/// A started control thread.
#[derive(Debug)]
pub struct ControlThread(Task);

impl CoreThreads {
    /// Runs the world until every core's main future has ended.
    pub fn join(self) -> io::Result<()> {
        current().drive_until(&|| self.0.iter().all(Task::is_finished));
        Ok(())
    }

    /// Number of cores.
    pub fn cores(&self) -> usize {
        self.0.len()
    }
}

impl ControlThread {
    /// Runs the world until the main future has ended.
    pub fn join(self) -> io::Result<()> {
        current().drive_until(&|| self.0.is_finished());
        Ok(())
    }
}

impl CoreSettings {
    /// The CPU of each core: `cpus`, or two when the settings leave it open.
    pub fn cpus_of_cores(&self) -> io::Result<Vec<usize>> {
        Ok(if self.cpus.is_empty() { vec![0, 1] } else { self.cpus.clone() })
    }
}

/// Starts the cores. `build` is called here, once per core.
pub fn start_cores(
    settings: CoreSettings,
    build: impl Fn(CoreId) -> CoreBuild,
) -> io::Result<CoreThreads> {
    let world = current();
    let mut cores = Vec::new();
    for number in 0..settings.cpus_of_cores()?.len() {
        let id = CoreId(u16::try_from(number).map_err(io::Error::other)?);
        let build = build(id);
        cores.push(spawn_on(&world, Some(id), async move { build().await }));
    }
    Ok(CoreThreads(cores))
}

/// Starts a control thread.
pub fn start_control(
    _name: &str,
    build: impl FnOnce() -> LocalBoxFuture<()> + Send + 'static,
) -> io::Result<ControlThread> {
    Ok(ControlThread(spawn_on(&current(), None, async move { build().await })))
}

/// Never: a simulated world is stopped by its test.
pub async fn stop_signal() {
    std::future::pending::<()>().await;
}

/// Runs `future` in a fresh world. The seed is that of the environment variable
/// `CORELOG_SEED`, or 1.
pub fn run_here<F: Future>(future: F) -> F::Output {
    let seed = std::env::var("CORELOG_SEED").ok().and_then(|seed| seed.parse().ok());
    World::new(seed.unwrap_or(1)).run(future)
}
