//! A server of connections with handlers that do what a test tells them, and a client of it.

use std::cell::RefCell;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use corelog_engine::runtime::sync::Notify;
use corelog_engine::runtime::{Listener, LocalBoxFuture, Part, PartQueue, Task, spawn, within};

use super::*;
use crate::dispatch::Needs;
use crate::in_flight::{Outcome, Staged};
use crate::wire::ApiKey;

/// What the handlers below saw, and what they wait for.
#[derive(Default)]
pub(super) struct Scene {
    pub(super) dispatched: RefCell<Vec<i32>>,
    pub(super) placed: Notify,
    pub(super) answered: Notify,
}

type Answer = LocalBoxFuture<Staged>;

fn frame(correlation: i32, bytes: usize) -> Outcome {
    let mut frame = BytesMut::new();
    frame.put_i32(4 + bytes as i32);
    frame.put_i32(correlation);
    frame.put_bytes(b'x', bytes);
    Outcome::Reply(vec![Part::Memory(frame.freeze())])
}

fn seen(call: &Call<Scene>) -> i32 {
    call.state.dispatched.borrow_mut().push(call.header.correlation_id);
    call.header.correlation_id
}

/// Answers at once.
fn at_once(call: Call<Scene>) -> Answer {
    let correlation = seen(&call);
    Box::pin(async move { Staged::Done(frame(correlation, 0)) })
}

/// Stands in its queue at once, answers when told to.
fn later(call: Call<Scene>) -> Answer {
    let correlation = seen(&call);
    Box::pin(async move {
        Staged::Later(Box::pin(async move {
            call.state.answered.notified().await;
            frame(correlation, 0)
        }))
    })
}

/// Is placed only when told to.
fn hard_to_place(call: Call<Scene>) -> Answer {
    let correlation = seen(&call);
    Box::pin(async move {
        call.state.placed.notified().await;
        Staged::Done(frame(correlation, 0))
    })
}

fn large(call: Call<Scene>) -> Answer {
    let correlation = seen(&call);
    Box::pin(async move { Staged::Done(frame(correlation, 1 << 20)) })
}

fn silent(call: Call<Scene>) -> Answer {
    seen(&call);
    Box::pin(async { Staged::Done(Outcome::Silence) })
}

fn closing(call: Call<Scene>) -> Answer {
    seen(&call);
    Box::pin(async { Staged::Done(Outcome::Close("told to")) })
}

fn panicking(call: Call<Scene>) -> Answer {
    seen(&call);
    Box::pin(async { panic!("a handler that panics") })
}

const fn row(key: ApiKey, handler: fn(Call<Scene>) -> Answer) -> Row<Scene> {
    let needs = Needs::Nothing;
    Row { key, advertised_min: 0, served_min: 0, max: 2, flexible_from: 9, handler, needs }
}

static TABLE: [Row<Scene>; 7] = [
    row(ApiKey::Metadata, at_once),
    row(ApiKey::Produce, later),
    row(ApiKey::CreateTopics, hard_to_place),
    row(ApiKey::Fetch, large),
    row(ApiKey::ListOffsets, silent),
    row(ApiKey::DeleteTopics, closing),
    row(ApiKey::FindCoordinator, panicking),
];

pub(super) struct Client {
    pub(super) socket: Socket,
    input: BytesMut,
}

pub(super) struct Server {
    pub(super) scene: Rc<Scene>,
    pub(super) governor: Governor,
    address: runtime::SocketAddr,
    accepting: Task,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    pub(super) fn start() -> Server {
        Server::with(InputLimits { frame_bytes_max: 1 << 20, idle_max: Duration::from_secs(60) })
    }

    pub(super) fn with(limits: InputLimits) -> Server {
        let scene = Rc::new(Scene::default());
        let governor = Governor::new(1 << 20);
        let world = Rc::new(ConnectionWorld {
            state: scene.clone(),
            table: &TABLE,
            governor: governor.clone(),
            cold: Rc::new(ColdReads::new(1 << 20)),
            limits,
        });
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), 16).unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = spawn(async move {
            while let Ok((socket, peer)) = listener.accept().await {
                let session = Session::new(peer, peer, "TEST".into());
                spawn(run(socket, session, world.clone()));
            }
        });
        Server { scene, governor, address, accepting }
    }

    pub(super) async fn client(&self) -> Client {
        let socket = Socket::connect(self.address).await.unwrap();
        Client { socket, input: BytesMut::new() }
    }
}

pub(super) fn request(key: ApiKey, version: i16, correlation: i32, body: usize) -> BytesMut {
    let mut frame = BytesMut::new();
    frame.put_i32(10 + body as i32);
    frame.put_i16(key.code());
    frame.put_i16(version);
    frame.put_i32(correlation);
    frame.put_i16(-1);
    frame.put_bytes(0, body);
    frame
}

impl Client {
    pub(super) async fn send(&self, bytes: impl Into<Bytes>) {
        let mut parts = PartQueue::from([Part::Memory(bytes.into())]);
        self.socket.send(&mut parts, &ColdReads::new(1)).await.unwrap();
    }

    pub(super) async fn ask(&self, key: ApiKey, correlation: i32) {
        self.send(request(key, 0, correlation, 0)).await;
    }

    /// Correlation id of the next reply; `None` = the connection has ended.
    pub(super) async fn reply(&mut self) -> Option<i32> {
        loop {
            if let Some(head) = self.input.first_chunk::<4>() {
                let length = i32::from_be_bytes(*head) as usize;
                if self.input.len() >= 4 + length {
                    self.input.advance(4);
                    return Some(self.input.split_to(length).get_i32());
                }
            }
            match self.socket.recv(&mut self.input, 64 << 10).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    pub(super) async fn is_silent(&mut self) -> bool {
        within(runtime::now() + Duration::from_millis(50), self.reply()).await.is_none()
    }
}
