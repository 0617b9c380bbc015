//! Connections over real sockets on the ring runtime, with handlers that do what a test tells them.

use std::cell::RefCell;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use corelog_engine::runtime::sync::Notify;
use corelog_engine::runtime::{
    Listener, LocalBoxFuture, Part, PartQueue, Task, run_here, sleep, spawn, within,
};

use super::*;
use crate::dispatch::Needs;
use crate::in_flight::{Outcome, REQUESTS_MAX, Staged};
use crate::wire::ApiKey;

/// What the handlers below saw, and what they wait for.
#[derive(Default)]
struct Scene {
    dispatched: RefCell<Vec<i32>>,
    placed: Notify,
    answered: Notify,
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

struct Client {
    socket: Socket,
    input: BytesMut,
}

struct Server {
    scene: Rc<Scene>,
    governor: Governor,
    address: runtime::SocketAddr,
    accepting: Task,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    fn start() -> Server {
        Server::with(InputLimits { frame_bytes_max: 1 << 20, idle_max: Duration::from_secs(60) })
    }

    fn with(limits: InputLimits) -> Server {
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

    async fn client(&self) -> Client {
        let socket = Socket::connect(self.address).await.unwrap();
        Client { socket, input: BytesMut::new() }
    }
}

fn request(key: ApiKey, version: i16, correlation: i32, body: usize) -> BytesMut {
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
    async fn send(&self, bytes: impl Into<Bytes>) {
        let mut parts = PartQueue::from([Part::Memory(bytes.into())]);
        self.socket.send(&mut parts, &ColdReads::new(1)).await.unwrap();
    }

    async fn ask(&self, key: ApiKey, correlation: i32) {
        self.send(request(key, 0, correlation, 0)).await;
    }

    /// Correlation id of the next reply; `None` = the connection has ended.
    async fn reply(&mut self) -> Option<i32> {
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

    async fn is_silent(&mut self) -> bool {
        within(runtime::now() + Duration::from_millis(50), self.reply()).await.is_none()
    }
}

#[test]
fn replies_leave_in_request_order_whichever_is_ready_first() {
    run_here(async {
        let server = Server::start();
        let mut client = server.client().await;
        client.ask(ApiKey::Produce, 1).await;
        client.ask(ApiKey::Metadata, 2).await;
        client.ask(ApiKey::ListOffsets, 3).await;
        client.ask(ApiKey::Metadata, 4).await;
        assert!(client.is_silent().await, "2 is ready, but 1 comes first");
        assert_eq!(*server.scene.dispatched.borrow(), [1, 2, 3, 4], "only answers wait");
        server.scene.answered.notify_waiters();
        assert_eq!(client.reply().await, Some(1));
        assert_eq!(client.reply().await, Some(2));
        assert_eq!(client.reply().await, Some(4), "3 has no answer");
    });
}

#[test]
fn the_next_request_waits_until_the_one_before_stands_in_its_queue() {
    run_here(async {
        let server = Server::start();
        let (mut client, mut other) = (server.client().await, server.client().await);
        client.ask(ApiKey::CreateTopics, 1).await;
        client.ask(ApiKey::Metadata, 2).await;
        assert!(client.is_silent().await);
        assert_eq!(*server.scene.dispatched.borrow(), [1]);
        other.ask(ApiKey::Metadata, 7).await;
        assert_eq!(other.reply().await, Some(7), "other connections go on");
        server.scene.placed.notify_waiters();
        assert_eq!(client.reply().await, Some(1));
        assert_eq!(client.reply().await, Some(2));
    });
}

#[test]
fn a_request_in_single_bytes_is_still_a_request() {
    run_here(async {
        let server = Server::start();
        let mut client = server.client().await;
        for byte in request(ApiKey::Metadata, 0, 5, 30) {
            client.send(vec![byte]).await;
            runtime::yield_now().await;
        }
        assert_eq!(client.reply().await, Some(5));
        assert_eq!(server.governor.taken(), 0, "a connection at rest holds no memory");
    });
}

#[test]
fn a_large_frame_and_small_ones_behind_it_are_cut_right() {
    run_here(async {
        let server = Server::start();
        let mut client = server.client().await;
        for round in 0..3 {
            let mut stream = BytesMut::new();
            for (at, body) in [0, 700_000, 1, 90_000, 4086, 4087].into_iter().enumerate() {
                stream.extend(request(ApiKey::Metadata, 0, round * 10 + at as i32, body));
            }
            client.send(stream.freeze()).await;
            for at in 0..6 {
                assert_eq!(client.reply().await, Some(round * 10 + at));
            }
        }
        assert_eq!(server.governor.taken(), 0);
    });
}

#[test]
fn an_unknown_version_ends_the_connection_after_the_replies_owed() {
    run_here(async {
        let server = Server::start();
        let mut client = server.client().await;
        client.ask(ApiKey::Produce, 1).await;
        client.send(request(ApiKey::Metadata, 3, 2, 0)).await;
        assert!(client.is_silent().await);
        server.scene.answered.notify_waiters();
        assert_eq!(client.reply().await, Some(1));
        assert_eq!(client.reply().await, None);
    });
}

#[test]
fn a_key_without_a_row_or_an_oversized_frame_ends_the_connection() {
    run_here(async {
        let server = Server::start();
        let mut client = server.client().await;
        client.ask(ApiKey::DescribeConfigs, 1).await;
        assert_eq!(client.reply().await, None);
        let mut client = server.client().await;
        client.send((2i32 << 20).to_be_bytes().to_vec()).await;
        assert_eq!(client.reply().await, None);
    });
}

#[test]
fn a_panic_ends_its_own_connection_only() {
    run_here(async {
        let server = Server::start();
        let (mut client, mut other) = (server.client().await, server.client().await);
        client.ask(ApiKey::FindCoordinator, 1).await;
        assert_eq!(client.reply().await, None);
        other.ask(ApiKey::Metadata, 2).await;
        assert_eq!(other.reply().await, Some(2));
        assert_eq!(server.governor.taken(), 0, "its memory is back");
    });
}

#[test]
fn a_refused_request_closes_after_what_came_before_it() {
    run_here(async {
        let server = Server::start();
        let mut client = server.client().await;
        client.ask(ApiKey::Metadata, 1).await;
        client.ask(ApiKey::DeleteTopics, 2).await;
        client.ask(ApiKey::Metadata, 3).await;
        assert_eq!(client.reply().await, Some(1));
        assert_eq!(client.reply().await, None);
    });
}

#[test]
fn at_most_so_many_requests_of_a_connection_are_in_flight() {
    run_here(async {
        let server = Server::start();
        let mut client = server.client().await;
        let asked = REQUESTS_MAX + 10;
        for correlation in 0..asked {
            client.ask(ApiKey::Produce, correlation as i32).await;
        }
        assert!(client.is_silent().await);
        assert_eq!(server.scene.dispatched.borrow().len(), REQUESTS_MAX);
        for correlation in 0..asked {
            server.scene.answered.notify_waiters();
            assert_eq!(client.reply().await, Some(correlation as i32));
            sleep(Duration::from_millis(1)).await;
        }
    });
}

#[test]
fn a_client_that_does_not_read_is_not_read_either() {
    run_here(async {
        let server = Server::start();
        let mut client = server.client().await;
        for correlation in 0..100 {
            client.ask(ApiKey::Fetch, correlation).await;
        }
        sleep(Duration::from_millis(300)).await;
        let dispatched = server.scene.dispatched.borrow().len();
        assert!(dispatched < 30, "{dispatched} replies of 1 MiB were made for nobody");
        for correlation in 0..100 {
            assert_eq!(client.reply().await, Some(correlation));
        }
    });
}

#[test]
fn an_idle_connection_is_closed_but_not_while_an_answer_is_owed() {
    run_here(async {
        let idle_max = Duration::from_millis(200);
        let server = Server::with(InputLimits { frame_bytes_max: 1 << 20, idle_max });
        let (mut idle, mut waiting) = (server.client().await, server.client().await);
        waiting.ask(ApiKey::Produce, 1).await;
        assert_eq!(idle.reply().await, None);
        sleep(Duration::from_millis(300)).await;
        server.scene.answered.notify_waiters();
        assert_eq!(waiting.reply().await, Some(1));
        assert_eq!(waiting.reply().await, None, "now it is idle");
    });
}

/// A client that promises 1 MiB, sends a quarter of it at most, and stalls.
async fn stalled(server: &Server) -> Client {
    let client = server.client().await;
    let mut promise = request(ApiKey::Metadata, 0, 1, 256 << 10);
    promise[..4].copy_from_slice(&(1i32 << 20).to_be_bytes());
    let mut parts = PartQueue::from([Part::Memory(promise.freeze())]);
    let soon = runtime::now() + Duration::from_millis(10);
    let _ = within(soon, client.socket.send(&mut parts, &ColdReads::new(1))).await;
    client
}

#[test]
fn stalled_frames_that_use_up_the_memory_keep_nobody_out_for_long() {
    run_here(async {
        let server = Server::start();
        let mut clients = Vec::new();
        for _ in 0..6 {
            clients.push(stalled(&server).await);
        }
        sleep(Duration::from_millis(100)).await;
        assert!(server.governor.is_short());
        let (mut small, mut large) = (server.client().await, server.client().await);
        small.ask(ApiKey::Metadata, 2).await;
        let soon = runtime::now() + Duration::from_millis(500);
        assert_eq!(within(soon, small.reply()).await, Some(Some(2)), "small ones pass at once");
        large.send(request(ApiKey::Metadata, 0, 3, 700_000)).await;
        let later = runtime::now() + Duration::from_secs(15);
        assert_eq!(within(later, large.reply()).await, Some(Some(3)));
        assert!(runtime::core_metrics().frames_cut.get() > 0);
    });
}

#[test]
fn a_slow_sender_is_waited_for_while_there_is_memory() {
    run_here(async {
        let server = Server::start();
        let mut client = server.client().await;
        let mut bytes = request(ApiKey::Metadata, 0, 4, 200_000);
        client.send(bytes.split_to(100_000)).await;
        sleep(2 * crate::memory::SILENCE).await;
        assert!(server.governor.taken() > 0);
        client.send(bytes).await;
        assert_eq!(client.reply().await, Some(4));
    });
}

#[test]
fn clients_that_promise_much_and_send_little_take_little() {
    run_here(async {
        let server = Server::start();
        let mut clients = Vec::new();
        for _ in 0..200 {
            let client = server.client().await;
            let mut promise = request(ApiKey::Metadata, 0, 1, 0);
            promise[..4].copy_from_slice(&(1i32 << 20).to_be_bytes());
            client.send(promise).await;
            clients.push(client);
        }
        sleep(Duration::from_millis(200)).await;
        assert!(server.governor.taken() <= (1 << 20) + 8192, "{}", server.governor.taken());
        let mut good = server.client().await;
        good.ask(ApiKey::Metadata, 9).await;
        drop(clients);
        assert_eq!(good.reply().await, Some(9));
        sleep(Duration::from_millis(50)).await;
        assert_eq!(server.governor.taken(), 0);
    });
}

/// The size of what a function's future keeps while it waits.
fn bytes_of_future<A, B, C, F: Future>(_: impl Fn(A, B, C) -> F) -> usize {
    size_of::<F>()
}

#[test]
fn a_connection_keeps_no_room_for_what_it_is_not_doing() {
    let bytes = bytes_of_future(run::<Scene>);
    assert!(bytes <= 2048, "{bytes} bytes for a connection that waits for its next request");
}
