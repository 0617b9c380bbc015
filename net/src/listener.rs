//! Listening: one socket per core on every listener's address, so that the kernel spreads
//! connections over the cores. Core-local.
//!
//! Must not know: what travels on a connection.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_engine::metrics::CoreMetrics;
use corelog_engine::runtime::{self, Listener, Socket, SocketAddr};

use crate::admission::{Admission, Turned};
use crate::connection::{self, ConnectionWorld};
use crate::dispatch::Session;

/// Wait after an error of accept (descriptors used up, most likely) or at `max.connections`.
const BACK_OFF: Duration = Duration::from_millis(100);
/// Errors of accept come in floods: one line for this many.
const ERRORS_PER_LINE: u64 = 100;

/// Accepts on one listener of one core, for ever.
pub async fn accept<S>(
    listener: Listener,
    name: Rc<str>,
    admission: Arc<Admission>,
    world: Rc<ConnectionWorld<S>>,
) {
    let mut errors = 0u64;
    loop {
        while !admission.has_room() {
            runtime::sleep(BACK_OFF).await;
        }
        match listener.accept().await {
            Ok((socket, peer)) => open(socket, peer, &name, &admission, &world),
            Err(error) => {
                if errors.is_multiple_of(ERRORS_PER_LINE) {
                    tracing::warn!(listener = &*name, %error, errors, "cannot accept connections");
                }
                errors += 1;
                runtime::sleep(BACK_OFF).await;
            }
        }
    }
}

fn open<S>(
    socket: Socket,
    peer: SocketAddr,
    name: &Rc<str>,
    admission: &Arc<Admission>,
    world: &Rc<ConnectionWorld<S>>,
) {
    let pass = match admission.admit(peer.ip().to_canonical()) {
        Ok(pass) => pass,
        Err(turned @ (Turned::Full | Turned::AddressFull)) => {
            tracing::info!(%peer, listener = &**name, reason = %turned, "connection turned away");
            return;
        }
    };
    let Ok(local) = socket.local_addr() else { return }; // closed already
    let session = Session::new(peer, local, name.clone());
    let world = world.clone();
    runtime::spawn(async move {
        let counted = Counted::new();
        connection::run(socket, session, world).await;
        drop((counted, pass));
    });
}

/// Keeps the gauge of open connections right, whatever ends the task, and also when the core ends
/// before it.
struct Counted(Arc<CoreMetrics>);

impl Counted {
    fn new() -> Counted {
        let metrics = runtime::core_metrics();
        metrics.connections.add(1);
        metrics.connections_accepted.one();
        Counted(metrics)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.lower(1);
    }
}
