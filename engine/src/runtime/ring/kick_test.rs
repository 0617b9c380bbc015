//! A core that never parks still submits and reaps its file operations, and batches them.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::runtime::sync::Notify;
use crate::runtime::*;

/// Two tasks that keep each other runnable until `stop`.
fn keep_busy(stop: &Rc<Cell<bool>>) {
    let (ping, pong) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
    for (mine, other) in [(ping.clone(), pong.clone()), (pong, ping.clone())] {
        let stop = stop.clone();
        spawn(async move {
            while !stop.get() {
                mine.notified().await;
                other.notify_one();
            }
        });
    }
    ping.notify_one();
}

async fn scratch_file(dir: &ScratchDir) -> Arc<SegmentFile> {
    SegmentFile::open(&dir.path().join("f"), OpenMode::CreateNew).await.unwrap()
}

#[test]
fn a_file_operation_on_a_busy_core_ends_within_ten_milliseconds() {
    run_here(async {
        let dir = ScratchDir::new();
        let file = scratch_file(&dir).await;
        file.write_at(vec![Bytes::from(vec![1; 4096])], 0).await.unwrap();
        let stop = Rc::new(Cell::new(false));
        keep_busy(&stop);
        // The median, because the machine that runs the tests may be busy elsewhere; without the
        // kick not one of them would ever end.
        let mut times = Vec::new();
        for _ in 0..21 {
            let start = now();
            let read = within(start + Duration::from_secs(5), file.read_at(0, 4096)).await;
            assert_eq!(read.expect("submitted at all").unwrap().len(), 4096);
            times.push(now().since(start));
        }
        stop.set(true);
        times.sort();
        assert!(times[10] < Duration::from_millis(10), "{times:?}");
    });
}

#[test]
fn operations_of_one_round_share_one_system_call() {
    run_here(async {
        let dir = ScratchDir::new();
        let file = scratch_file(&dir).await;
        let stop = Rc::new(Cell::new(false));
        keep_busy(&stop);
        yield_now().await;
        let before = core_metrics().ring_enters.get();
        let writers: Vec<_> = (0..16u64)
            .map(|n| {
                let file = file.clone();
                spawn(async move {
                    file.write_at(vec![Bytes::from_static(b"x")], n).await.unwrap();
                })
            })
            .collect();
        for writer in writers {
            writer.finished().await;
        }
        stop.set(true);
        let enters = core_metrics().ring_enters.get() - before;
        assert!(enters <= 2, "{enters} system calls for 16 writes of one round");
        assert_eq!(core_metrics().writes.get(), 16);
    });
}

#[test]
fn more_operations_than_the_ring_has_entries_all_end() {
    run_here(async {
        let dir = ScratchDir::new();
        let file = scratch_file(&dir).await;
        let writers: Vec<_> = (0..3000u64)
            .map(|n| {
                let file = file.clone();
                spawn(async move {
                    file.write_at(vec![Bytes::from(vec![n as u8])], n).await.unwrap();
                })
            })
            .collect();
        for writer in writers {
            writer.finished().await;
        }
        let content = file.read_at(0, 4000).await.unwrap();
        assert!(content.len() == 3000 && (0..3000).all(|n| content[n] == n as u8));
    });
}

#[test]
fn timers_keep_going_on_a_busy_core() {
    run_here(async {
        let stop = Rc::new(Cell::new(false));
        keep_busy(&stop);
        let start = now();
        sleep(Duration::from_millis(20)).await;
        stop.set(true);
        assert!(now().since(start) < Duration::from_millis(500));
    });
}
