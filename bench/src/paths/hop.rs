//! A message to the core that owns a partition, and the answer back, without the cores: what queue
//! and slot cost by themselves.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use corelog_engine::runtime::{CoreId, Reply, mesh, reply};

use super::path::Operation;

/// Messages that an inbox holds.
const DEPTH: usize = 16;

/// To the other end of the mesh and back.
pub fn hop() -> anyhow::Result<Operation> {
    let mut end = mesh::<Reply<u64>>(1, DEPTH).remove(0);
    Ok(Box::new(move || {
        let (slot, answer) = reply();
        now(end.send(CoreId(0), slot));
        if let Some(Some(slot)) = now(end.recv()) {
            slot.send(7);
        }
        black_box(now(answer));
    }))
}

/// What is there without waiting.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_answered() {
        let mut end = mesh::<Reply<u64>>(1, 1).remove(0);
        let (slot, answer) = reply();
        assert_eq!(now(end.send(CoreId(0), slot)), Some(Ok(())));
        now(end.recv()).flatten().unwrap().send(9);
        assert_eq!(now(answer), Some(Ok(9)));
    }
}
