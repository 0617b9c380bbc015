//! Sending over a real connection: hot and cold files, slow peers, truncation, moving cores.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::runtime::ring::residency::is_resident;
use crate::runtime::*;

async fn pair() -> (Socket, Socket) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), 16).unwrap();
    let client = Socket::connect(listener.local_addr().unwrap()).await.unwrap();
    (listener.accept().await.unwrap().0, client)
}

async fn file_of(dir: &ScratchDir, content: &[u8]) -> Arc<SegmentFile> {
    let path = dir.path().join("segment");
    let file = SegmentFile::open(&path, OpenMode::CreateNew).await.unwrap();
    file.write_at(vec![Bytes::copy_from_slice(content)], 0).await.unwrap();
    file.sync_data().await.unwrap();
    file
}

/// Asks the kernel to forget the pages of `file`; false where the file system has no disk below.
fn make_cold(file: &SegmentFile, bytes: usize) -> bool {
    let advice = nix::fcntl::PosixFadviseAdvice::POSIX_FADV_DONTNEED;
    nix::fcntl::posix_fadvise(&**file.descriptor(), 0, 0, advice).unwrap();
    !is_resident(file.descriptor(), 0, bytes as u32)
}

fn slice(file: &Arc<SegmentFile>, bytes: usize) -> Part {
    let generation = file.generation();
    Part::File(Slice { file: file.clone(), position: 0, bytes: bytes as u32, generation })
}

async fn receive(socket: &Socket, bytes: usize) -> BytesMut {
    let mut got = BytesMut::new();
    while got.len() < bytes && socket.recv(&mut got, 256 << 10).await.unwrap() > 0 {}
    got
}

fn sample(bytes: usize) -> Vec<u8> {
    (0..bytes as u32).map(|n| (n % 253) as u8).collect()
}

#[test]
fn cold_chunks_are_read_ahead_and_sent_from_memory() {
    run_here(async {
        let dir = ScratchDir::new();
        let content = sample(2_000_000);
        let file = file_of(&dir, &content).await;
        if !make_cold(&file, content.len()) {
            return; // a file system in memory has no cold files
        }
        let (server, client) = pair().await;
        let bytes = content.len();
        spawn(async move {
            let mut parts = PartQueue::from([
                Part::Memory(Bytes::from_static(b"head")),
                slice(&file, bytes),
                Part::Memory(Bytes::from_static(b"tail")),
            ]);
            server.send(&mut parts, &ColdReads::new(300 << 10)).await.unwrap();
        });
        let got = receive(&client, bytes + 8).await;
        assert!(
            got[..4] == *b"head" && got[4..bytes + 4] == content && got[bytes + 4..] == *b"tail"
        );
        let metrics = core_metrics();
        assert!(metrics.residency_misses.get() >= 1);
        assert!(metrics.bytes_sent_memory.get() > 8 + (200 << 10));
        let sent = metrics.bytes_sent_memory.get() + metrics.bytes_sent_sendfile.get();
        assert_eq!(sent, bytes as u64 + 8);
    });
}

#[test]
fn a_peer_that_does_not_read_gives_its_cold_budget_back() {
    run_here(async {
        let dir = ScratchDir::new();
        let content = sample(16 << 20);
        let file = file_of(&dir, &content).await;
        if !make_cold(&file, content.len()) {
            return;
        }
        let cold = ColdReads::new(256 << 10);
        let (slow_server, slow_client) = pair().await;
        let (budget, slow_file) = (cold.clone(), file.clone());
        let bytes = content.len();
        let slow = spawn(async move {
            let mut parts = PartQueue::from([slice(&slow_file, bytes)]);
            slow_server.send(&mut parts, &budget).await.unwrap();
        });
        sleep(Duration::from_millis(50)).await;
        make_cold(&file, bytes);
        let (server, client) = pair().await;
        spawn(async move {
            let mut parts = PartQueue::from([slice(&file, bytes)]);
            server.send(&mut parts, &cold).await.unwrap();
        });
        let deadline = now() + Duration::from_secs(10);
        let got = within(deadline, receive(&client, bytes)).await.expect("not starved");
        assert!(got == content);
        assert!(receive(&slow_client, bytes).await == content);
        slow.finished().await;
    });
}

#[test]
fn a_truncated_slice_is_refused_hot_or_cold() {
    run_here(async {
        let dir = ScratchDir::new();
        let file = file_of(&dir, &sample(100_000)).await;
        let (server, _client) = pair().await;
        let cold = ColdReads::new(1 << 20);
        let before = slice(&file, 100_000);
        file.truncate(50_000).await.unwrap();
        let refused = server.send(&mut PartQueue::from([before]), &cold).await;
        assert!(matches!(refused, Err(SendError::Truncated)));
        let past_the_end = slice(&file, 100_000);
        let refused = server.send(&mut PartQueue::from([past_the_end]), &cold).await;
        assert!(matches!(refused, Err(SendError::Truncated)));
    });
}

#[test]
fn shutdown_ends_a_reader_and_a_sender_that_wait() {
    run_here(async {
        let (server, _client) = pair().await;
        let server = Rc::new(server);
        let (reader, sender) = (server.clone(), server.clone());
        let reading = spawn(async move {
            assert_eq!(reader.recv(&mut BytesMut::new(), 100).await.unwrap(), 0);
        });
        let sending = spawn(async move {
            let mut parts = PartQueue::from([Part::Memory(Bytes::from(vec![0; 64 << 20]))]);
            assert!(sender.send(&mut parts, &ColdReads::new(1)).await.is_err());
        });
        sleep(Duration::from_millis(20)).await;
        server.shutdown();
        reading.finished().await;
        sending.finished().await;
        assert_eq!(core_metrics().task_panics.get(), 0);
    });
}

#[test]
fn a_detached_connection_goes_on_where_it_is_attached() {
    run_here(async {
        let (server, client) = pair().await;
        let peer = server.peer();
        let detached = server.detach().unwrap();
        let other = std::thread::spawn(move || {
            run_here(async move {
                let server = Socket::attach(detached).unwrap();
                assert_eq!(server.peer(), peer);
                let mut parts = PartQueue::from([Part::Memory(Bytes::from_static(b"moved"))]);
                server.send(&mut parts, &ColdReads::new(1)).await.unwrap();
            });
        });
        assert_eq!(receive(&client, 5).await, &b"moved"[..]);
        other.join().unwrap();
    });
}

#[test]
fn recv_takes_no_more_than_was_asked_for() {
    run_here(async {
        let (server, client) = pair().await;
        let mut parts = PartQueue::from([Part::Memory(Bytes::from(vec![7; 1000]))]);
        client.send(&mut parts, &ColdReads::new(1)).await.unwrap();
        sleep(Duration::from_millis(10)).await;
        let mut into = BytesMut::with_capacity(4096);
        assert_eq!(server.recv(&mut into, 10).await.unwrap(), 10);
        assert_eq!(server.recv(&mut into, 5000).await.unwrap(), 990);
        assert_eq!(into.len(), 1000);
    });
}
