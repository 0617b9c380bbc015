//! What hangs delays nothing else: workers that sleep, an operation of the ring that does not end.

use std::time::Duration;

use bytes::Bytes;

use crate::runtime::*;

#[test]
fn hanging_workers_delay_no_other_job_and_no_timer() {
    run_here(async {
        let start = now();
        let hanging: Vec<_> = (0..8)
            .map(|_| {
                spawn(async {
                    on_worker(|| std::thread::sleep(Duration::from_secs(2))).await;
                })
            })
            .collect();
        yield_now().await;
        let dir = ScratchDir::new();
        let file = SegmentFile::open(&dir.path().join("f"), OpenMode::CreateNew).await.unwrap();
        file.write_at(vec![Bytes::from_static(b"x")], 0).await.unwrap();
        file.sync_data().await.unwrap();
        sleep(Duration::from_millis(10)).await;
        assert!(now().since(start) < Duration::from_millis(1500));
        assert!(hanging.iter().all(|task| !task.is_finished()), "they still hang");
        for task in hanging {
            task.finished().await;
        }
    });
}

#[test]
fn an_operation_that_hangs_in_the_ring_delays_nothing_else() {
    run_here(async {
        let dir = ScratchDir::new();
        // Reading a pipe that nobody writes to: as a device that does not answer.
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let device = SegmentFile::open(&pipe, OpenMode::ReadWrite).await.unwrap();
        let reader = device.clone();
        let hanging = spawn(async move { drop(reader.read_at(0, 1).await.unwrap()) });
        yield_now().await;

        let start = now();
        let file = SegmentFile::open(&dir.path().join("f"), OpenMode::CreateNew).await.unwrap();
        for n in 0..50 {
            file.write_at(vec![Bytes::from_static(b"x")], n).await.unwrap();
        }
        file.sync_data().await.unwrap();
        sleep(Duration::from_millis(5)).await;
        assert!(now().since(start) < Duration::from_millis(1500));
        assert!(!hanging.is_finished(), "it still hangs");
        device.write_at(vec![Bytes::from_static(b"!")], 0).await.unwrap();
        hanging.finished().await;
    });
}
