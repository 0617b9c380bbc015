//! One connection: a half that reads and dispatches, and a half that sends, in one task, so that a
//! panic in either ends both. Core-local.
//!
//! ```text
//! socket -> input -> dispatch -> stage one, awaited ---> in flight -> output -> socket
//!                                (stands in its owner's queue)  (stage two, overlapping)
//! ```
//! Request n+1 is dispatched only when every part of n stands in its owner's queue; only answers
//! overlap, and they leave in request order.
//!
//! Must not know: what requests mean.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use corelog_engine::runtime::failpoint::{self, Failpoint};
use corelog_engine::runtime::{self, ColdReads, LocalBoxFuture, Socket};

use crate::dispatch::{self, Call, Refusal, Row, Session};
use crate::governor::Governor;
use crate::in_flight::{InFlight, Staged};
use crate::input::{Frame, Input, InputEnd, InputLimits};
use crate::journey::{Journey, Travels};
use crate::response::{Output, OutputEnd};

/// What all connections of a core share.
pub struct ConnectionWorld<S: 'static> {
    /// What handlers work with.
    pub state: Rc<S>,
    /// Who answers what.
    pub table: &'static [Row<S>],
    /// Memory for requests.
    pub governor: Governor,
    /// Memory for file data that is not in the page cache.
    pub cold: Rc<ColdReads>,
    /// Limits of every connection.
    pub limits: InputLimits,
}

/// Why the reading half stopped.
#[derive(Debug, thiserror::Error)]
enum ReadEnd {
    #[error(transparent)]
    Input(#[from] InputEnd),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl ReadEnd {
    /// Nobody reads replies any more.
    fn is_client_gone(&self) -> bool {
        matches!(self, ReadEnd::Input(InputEnd::Closed | InputEnd::Socket(_)))
    }
}

/// Serves one connection until it ends. Run it as a task of its own: a panic ends that task.
pub async fn run<S>(socket: Socket, session: Session, world: Rc<ConnectionWorld<S>>) {
    let socket = Rc::new(socket);
    let in_flight = Rc::new(InFlight::new(Travels::of_this_core()));
    let active = Rc::new(Cell::new(runtime::now()));
    let peer = session.peer;
    let output = Output {
        socket: socket.clone(),
        in_flight: in_flight.clone(),
        cold: world.cold.clone(),
        idle_max: world.limits.idle_max,
        active: active.clone(),
    };
    let input = Input::new(socket, world.governor.clone(), world.limits, active);
    let reading = pin!(read(input, Rc::new(session), world, in_flight.clone()));
    let sending = pin!(output.run());
    match halves(reading, sending, &in_flight).await {
        Ended::Gone(end) => tracing::trace!(%peer, %end, "connection ended"),
        Ended::Input(end) => tracing::info!(%peer, %end, "connection closed"),
        Ended::Output(end) => tracing::info!(%peer, %end, "connection closed"),
    }
}

/// What ended a connection.
enum Ended {
    Gone(ReadEnd),
    /// What was owed before has been sent.
    Input(ReadEnd),
    Output(OutputEnd),
}

/// Runs both halves side by side. The reading half comes first in every turn, so that the sending
/// half sees what was dispatched without being woken for it.
async fn halves(
    mut reading: Pin<&mut impl Future<Output = ReadEnd>>,
    mut sending: Pin<&mut impl Future<Output = OutputEnd>>,
    in_flight: &InFlight,
) -> Ended {
    let mut input_end = None;
    poll_fn(|cx| {
        if input_end.is_none()
            && let Poll::Ready(end) = reading.as_mut().poll(cx)
        {
            if end.is_client_gone() {
                return Poll::Ready(Ended::Gone(end));
            }
            in_flight.end();
            input_end = Some(end);
        }
        let Poll::Ready(output_end) = sending.as_mut().poll(cx) else { return Poll::Pending };
        Poll::Ready(match (output_end, input_end.take()) {
            (OutputEnd::Done, Some(input_end)) => Ended::Input(input_end),
            (output_end, _) => Ended::Output(output_end),
        })
    })
    .await
}

/// Reads and dispatches until the input ends.
async fn read<S>(
    mut input: Input,
    session: Rc<Session>,
    world: Rc<ConnectionWorld<S>>,
    in_flight: Rc<InFlight>,
) -> ReadEnd {
    let metrics = runtime::core_metrics();
    loop {
        in_flight.room().await;
        let frame = match input.next(&|| in_flight.is_busy()).await {
            Ok(frame) => frame,
            Err(end) => return end.into(),
        };
        metrics.requests.one();
        if let Err(refusal) = take(frame, &session, &world, &in_flight).await {
            return refusal.into();
        }
    }
}

/// Dispatches one frame; returns when its ordered stage is over.
async fn take<S>(
    frame: Frame,
    session: &Rc<Session>,
    world: &ConnectionWorld<S>,
    in_flight: &InFlight,
) -> Result<(), Refusal> {
    let Frame { mut bytes, charge, arrived } = frame;
    let request_bytes = bytes.len();
    let begun = runtime::now();
    let (row, header) = dispatch::route(world.table, &mut bytes)?;
    let (state, session) = (world.state.clone(), session.clone());
    let call = Call { state, session, header, body: bytes, charge };
    let outcome = named(row.key.name(), (row.handler)(call)).await;
    let staged = runtime::now();
    let journey = Journey { api: row.key, arrived, begun, staged, answered: staged };
    in_flight.push(outcome, journey, request_bytes);
    Ok(())
}

/// Runs a handler under its request's name, should it hold the core for too long.
async fn named(name: &'static str, mut handler: LocalBoxFuture<Staged>) -> Staged {
    poll_fn(|cx| {
        runtime::works_on(name);
        failpoint::pass(Failpoint::Request);
        handler.as_mut().poll(cx)
    })
    .await
}

#[cfg(test)]
#[path = "connection_rig.rs"]
mod connection_rig;

#[cfg(test)]
#[path = "connection_test.rs"]
mod connection_test;

#[cfg(test)]
#[path = "connection_limits_test.rs"]
mod connection_limits_test;
