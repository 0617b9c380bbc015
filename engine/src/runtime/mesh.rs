//! Bounded queues between cores: one per receiving core, FIFO for every sender. A full queue makes
//! the sender wait; replies do not travel here (see `reply`), so waiting cannot deadlock on them.
//! It does not know what the messages mean. A `MeshEnd` lives on its core; a `MeshSender` anywhere.

use tokio::sync::mpsc;

use super::CoreId;

/// The receiving core has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the receiving core has stopped")]
pub struct Closed;

/// One core's end: its own inbox and the way to every core, itself included.
pub struct MeshEnd<M> {
    inbox: mpsc::Receiver<M>,
    sender: MeshSender<M>,
}

/// The way to every core. Cloned freely; also held by the control thread.
pub struct MeshSender<M> {
    outboxes: Vec<mpsc::Sender<M>>,
}

/// Makes the ends of `cores` cores; each inbox holds at most `depth` messages (at least 1). Hand
/// end `n` to core `n` before it starts.
pub fn mesh<M: Send + 'static>(cores: usize, depth: usize) -> Vec<MeshEnd<M>> {
    let (outboxes, inboxes): (Vec<_>, Vec<_>) =
        (0..cores).map(|_| mpsc::channel(depth.max(1))).unzip();
    let sender = MeshSender { outboxes };
    inboxes.into_iter().map(|inbox| MeshEnd { inbox, sender: sender.clone() }).collect()
}

impl<M: Send + 'static> MeshEnd<M> {
    /// As [`MeshSender::send`].
    pub async fn send(&self, to: CoreId, message: M) -> Result<(), Closed> {
        self.sender.send(to, message).await
    }

    /// The next message to this core, in the order of arrival; never ends while this end lives,
    /// because it holds a sender to itself. Dropping the future loses nothing.
    pub async fn recv(&mut self) -> Option<M> {
        self.inbox.recv().await
    }

    /// A message that is there already.
    pub fn try_recv(&mut self) -> Option<M> {
        self.inbox.try_recv().ok()
    }

    /// Another handle on the way to every core.
    pub fn sender(&self) -> MeshSender<M> {
        self.sender.clone()
    }
}

impl<M: Send + 'static> MeshSender<M> {
    /// Waits for room in `to`'s inbox and puts the message there. Ok = it stands in the owner's
    /// FIFO. The own core takes the same path. `Closed` also answers a core that does not exist.
    pub async fn send(&self, to: CoreId, message: M) -> Result<(), Closed> {
        let outbox = self.outboxes.get(usize::from(to.0)).ok_or(Closed)?;
        outbox.send(message).await.map_err(|_| Closed)?;
        if let Some(metrics) = super::counters() {
            metrics.mesh_messages.one();
        }
        Ok(())
    }

    /// Messages that stand in `to`'s inbox now; 0 for a core that does not exist.
    pub fn depth(&self, to: CoreId) -> usize {
        let outbox = self.outboxes.get(usize::from(to.0));
        outbox.map_or(0, |outbox| outbox.max_capacity() - outbox.capacity())
    }

    /// Number of cores.
    pub fn cores(&self) -> usize {
        self.outboxes.len()
    }
}

impl<M> Clone for MeshSender<M> {
    fn clone(&self) -> MeshSender<M> {
        MeshSender { outboxes: self.outboxes.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{core_metrics, run_here, spawn, yield_now};

    #[test]
    fn messages_arrive_in_the_order_of_sending_also_through_a_full_inbox() {
        run_here(async {
            let mut end = mesh::<u32>(1, 2).remove(0);
            let sender = end.sender();
            let sending = spawn(async move {
                for n in 0..100 {
                    sender.send(CoreId(0), n).await.unwrap();
                }
                assert_eq!(core_metrics().mesh_messages.get(), 100);
            });
            for n in 0..100 {
                assert_eq!(end.recv().await, Some(n));
            }
            sending.finished().await;
            assert_eq!(core_metrics().task_panics.get(), 0);
        });
    }

    #[test]
    fn the_depth_is_what_waits_in_an_inbox() {
        run_here(async {
            let mut end = mesh::<u32>(1, 4).remove(0);
            end.send(CoreId(0), 1).await.unwrap();
            end.send(CoreId(0), 2).await.unwrap();
            assert_eq!(end.sender().depth(CoreId(0)), 2);
            end.recv().await;
            assert_eq!((end.sender().depth(CoreId(0)), end.sender().depth(CoreId(7))), (1, 0));
        });
    }

    #[test]
    fn a_stopped_core_and_an_unknown_one_are_closed() {
        run_here(async {
            let mut ends = mesh::<u32>(2, 1);
            drop(ends.pop());
            assert_eq!(ends[0].send(CoreId(1), 1).await, Err(Closed));
            assert_eq!(ends[0].send(CoreId(2), 1).await, Err(Closed));
            yield_now().await;
        });
    }
}
