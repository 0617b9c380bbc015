//! What one connection may take from the others: requests in flight, memory, time.

use std::time::Duration;

use corelog_engine::runtime::{Part, PartQueue, run_here, sleep, within};

use super::connection_rig::{Client, Server, request};
use super::*;
use crate::in_flight::REQUESTS_MAX;
use crate::wire::ApiKey;

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
