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
            let mut outcomes = outcomes.into_iter();
            while let Some(mut joined) = join(&mut outcomes) {
                if let Err(end) = self.send(&mut joined).await {
                    return end;
                }
                if let Some((why, journey)) = joined.refused {
                    self.in_flight.travels().refused(journey.api);
                    return OutputEnd::Refused(why);
                }
            }
        }
        OutputEnd::Done
    }

    async fn send(&self, joined: &mut Joined) -> Result<(), OutputEnd> {
        let sending = runtime::now();
        let mut sent = sending;
        if !joined.queue.is_empty() {
            self.socket.send_now(&mut joined.queue)?;
            if !joined.queue.is_empty() {
                // In a box: a connection that does not have to wait keeps no room for it.
                Box::pin(self.send_rest(&mut joined.queue, sending)).await?;
            }
            sent = runtime::now();
            self.active.set(sent);
        }
        self.in_flight.travels().arrive(&mut joined.journeys, sending, sent);
        Ok(())
    }

    /// Sends all of `queue`. After the deadline nothing is resumed: how much of a chunk has left
    /// is unknown then, and wrong bytes are worse than none.
    async fn send_rest(&self, queue: &mut PartQueue, sending: Mono) -> Result<(), OutputEnd> {
        let seconds = length(queue.iter()) / READ_RATE_BYTES;
        let deadline = sending + self.idle_max + Duration::from_secs(seconds);
        match runtime::within(deadline, self.socket.send(queue, &self.cold)).await {
            Some(sent) => Ok(sent?),
            None => Err(OutputEnd::Unread),
        }
    }
}

/// Replies that leave in one write.
#[derive(Default)]
struct Joined {
    queue: PartQueue,
    /// Of the requests that are answered by it.
    journeys: Vec<Journey>,
    /// The connection ends behind it, because this request asked for that.
    refused: Option<(&'static str, Journey)>,
}

/// The next replies that leave together; `None` = there are no further outcomes.
fn join(outcomes: &mut impl Iterator<Item = (Outcome, Journey)>) -> Option<Joined> {
    let mut joined: Option<Joined> = None;
    let mut bytes = 0;
    while bytes < JOINED_BYTES_MAX
        && let Some((outcome, journey)) = outcomes.next()
    {
        let Joined { queue, journeys, refused } = joined.get_or_insert_default();
        match outcome {
            Outcome::Silence => {}
            Outcome::Close(why) => {
                *refused = Some((why, journey));
                break;
            }
            Outcome::Reply(parts) => {
                bytes += length(parts.iter());
                // The first one brings the memory for the list.
                if queue.is_empty() { *queue = parts.into() } else { queue.extend(parts) }
            }
        }
        journeys.push(journey);
    }
    joined
}

fn length<'a>(parts: impl Iterator<Item = &'a Part>) -> u64 {
    parts.map(Part::bytes).sum()
}
