//! One operation of the disk or a worker: counted, perhaps failed on purpose, ended after a random
//! time. It goes on when the future that waits for it is dropped. Any task of the world.

use std::future::pending;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::sync::oneshot;

use super::disk::Disk;
use super::fault::{OpKind, latency};
use super::scheduler::Event;
use super::world::{Shared, current};

/// Runs `effect` on the disk when the operation ends. With an error planned for it, `failure` runs
/// in its place.
pub(super) async fn operate_or<T: 'static>(
    kind: OpKind,
    path: &Path,
    effect: impl FnOnce(&mut Disk) -> io::Result<T> + 'static,
    failure: impl FnOnce(&mut Disk) + 'static,
) -> io::Result<T> {
    let world = current();
    *world.counts.borrow_mut().entry(kind).or_default() += 1;
    let fault = world.faults.borrow_mut().meet(kind, path);
    let nanos = latency(kind, &mut world.rng.borrow_mut()).as_nanos() as u64;
    let now = world.scheduler.borrow().now;
    let nanos = world.faults.borrow().delay(path, now, nanos);
    world.note(kind as u64);
    finish_after(&world, Duration::from_nanos(nanos), move |world| {
        let mut disk = world.disk.borrow_mut();
        match fault {
            None => effect(&mut disk),
            Some(error) => {
                failure(&mut disk);
                Err(error)
            }
        }
    })
    .await
}

/// As `operate_or`; a failure changes nothing.
pub(super) async fn operate<T: 'static>(
    kind: OpKind,
    path: &Path,
    effect: impl FnOnce(&mut Disk) -> io::Result<T> + 'static,
) -> io::Result<T> {
    operate_or(kind, path, effect, |_| ()).await
}

/// Runs `job` after a random time, as a worker thread would, and waits for its result. The job runs
/// also when the future is dropped.
pub async fn on_worker<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
    let world = current();
    let micros = 5 + world.rng.borrow_mut().below(500);
    finish_after(&world, Duration::from_micros(micros), |_| job()).await
}

async fn finish_after<T: 'static>(
    world: &Shared,
    time: Duration,
    job: impl FnOnce(&Shared) -> T + 'static,
) -> T {
    let (sender, receiver) = oneshot::channel();
    let event = Event::Finish(Box::new(move |world| drop(sender.send(job(world)))));
    let at = world.scheduler.borrow().now + time.as_nanos() as u64;
    world.scheduler.borrow_mut().plan(at, event);
    match receiver.await {
        Ok(result) => result,
        Err(_) => pending().await, // the world ended before the operation
    }
}
