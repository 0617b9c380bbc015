//! Connections over real sockets on the ring runtime: requests in, replies out in their order.

use bytes::BytesMut;
use corelog_engine::runtime::run_here;

use super::connection_rig::{Scene, Server, request};
use super::*;
use crate::wire::ApiKey;

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

/// The size of what a function's future keeps while it waits.
fn bytes_of_future<A, B, C, F: Future>(_: impl Fn(A, B, C) -> F) -> usize {
    size_of::<F>()
}

#[test]
fn a_connection_keeps_no_room_for_what_it_is_not_doing() {
    let bytes = bytes_of_future(run::<Scene>);
    assert!(bytes <= 2048, "{bytes} bytes for a connection that waits for its next request");
}
