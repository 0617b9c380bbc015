//! Replies out: the only place that sends. Takes the outcomes of a connection in request order,
//! joins those that are ready into one write, and sends them. Core-local.
//!
//! Must not know: requests, handlers, what the parts mean.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use corelog_engine::runtime::{self, ColdReads, Mono, Part, PartQueue, SendError, Socket};

use crate::in_flight::{InFlight, Outcome};
use crate::journey::Journey;

/// Replies that are joined into one write when they are ready at the same time.
const JOINED_MAX: usize = 64;
/// Bytes after which no further reply is joined.
const JOINED_BYTES_MAX: u64 = 256 << 10;

/// The slowest reader that is waited for, in bytes per second, beyond `connections.max.idle.ms`.
const READ_RATE_BYTES: u64 = 16 << 10;

/// Why no further reply is sent.
#[derive(Debug, thiserror::Error)]
pub enum OutputEnd {
    /// Everything owed was sent, and the input has ended.
    #[error("all replies sent")]
    Done,
    /// A request asked for the end of its connection.
    #[error("{0}")]
    Refused(&'static str),
    /// The client read nothing of its replies for `connections.max.idle.ms`.
    #[error("the client does not read its replies")]
    Unread,
    /// The socket failed, or a file was truncated under a reply.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// The sending half of a connection.
pub struct Output {
    /// Where replies go.
    pub socket: Rc<Socket>,
    /// Where they come from.
    pub in_flight: Rc<InFlight>,
    /// The core's memory for file data that is not in the page cache.
    pub cold: Rc<ColdReads>,
    /// A client that reads nothing for this long is gone.
    pub idle_max: Duration,
    /// Moved with every reply that left.
    pub active: Rc<Cell<Mono>>,
}

impl Output {
    /// Sends until there is nothing left to send; always ends with a reason.
    pub async fn run(&self) -> OutputEnd {
        while let Some(outcomes) = self.in_flight.outcomes(JOINED_MAX).await {
            if let Err(end) = self.send_all(outcomes).await {
                return end;
            }
        }
        OutputEnd::Done
    }

    async fn send_all(&self, outcomes: Vec<(Outcome, Journey)>) -> Result<(), OutputEnd> {
        let mut queue = PartQueue::new();
        let mut joined = Vec::new();
        let mut bytes = 0;
        for (outcome, journey) in outcomes {
            match outcome {
                Outcome::Silence => {}
                Outcome::Reply(parts) => {
                    bytes += length(parts.iter());
                    queue.extend(parts);
                }
                Outcome::Close(why) => {
                    self.send(&mut queue, &mut joined).await?;
                    self.in_flight.travels().refused(journey.api);
                    return Err(OutputEnd::Refused(why));
                }
            }
            joined.push(journey);
            if bytes >= JOINED_BYTES_MAX {
                self.send(&mut queue, &mut joined).await?;
                bytes = 0;
            }
        }
        self.send(&mut queue, &mut joined).await
    }

    /// Sends all of `queue`, the answers of the requests `joined`. After the deadline nothing is
    /// resumed: how much of a chunk has left is unknown then, and wrong bytes are worse than none.
    async fn send(
        &self,
        queue: &mut PartQueue,
        joined: &mut Vec<Journey>,
    ) -> Result<(), OutputEnd> {
        let sending = runtime::now();
        if !queue.is_empty() {
            let seconds = length(queue.iter()) / READ_RATE_BYTES;
            let deadline = sending + self.idle_max + Duration::from_secs(seconds);
            match runtime::within(deadline, self.socket.send(queue, &self.cold)).await {
                Some(sent) => sent?,
                None => return Err(OutputEnd::Unread),
            }
            self.active.set(runtime::now());
        }
        let sent = self.active.get().max(sending);
        self.in_flight.travels().arrive(joined, sending, sent);
        Ok(())
    }
}

fn length<'a>(parts: impl Iterator<Item = &'a Part>) -> u64 {
    parts.map(Part::bytes).sum()
}
