//! The ring backend as a whole: files, tasks, sockets, starting and stopping.

use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::runtime::*;

#[test]
fn a_file_reads_back_what_was_written_in_parts() {
    run_here(async {
        let dir = ScratchDir::new();
        let path = dir.path().join("a.log");
        let file = SegmentFile::open(&path, OpenMode::CreateNew).await.unwrap();
        let parts: Vec<Bytes> = (0..3000u32).map(|n| n.to_le_bytes().to_vec().into()).collect();
        file.write_at(parts.clone(), 10).await.unwrap();
        file.sync_data().await.unwrap();
        let whole = file.read_at(10, 12_000).await.unwrap();
        assert_eq!(whole, parts.concat());
        assert_eq!(file.read_at(12_000, 100).await.unwrap().len(), 10);
        assert_eq!(file.read_at(90_000, 100).await.unwrap().len(), 0);
        assert_eq!(file.len().await.unwrap(), 12_010);
        let before = file.generation();
        file.truncate(5).await.unwrap();
        assert!(file.generation() > before);
        assert_eq!(file.len().await.unwrap(), 5);
        let again = SegmentFile::open(&path, OpenMode::CreateNew).await.unwrap_err();
        assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
    });
}

#[test]
fn a_control_thread_uses_files_through_the_workers() {
    let dir = ScratchDir::new();
    let path = dir.path().join("meta");
    let inner = path.clone();
    let thread = start_control("control", move || {
        Box::pin(async move {
            let file = SegmentFile::open(&inner, OpenMode::CreateNew).await.unwrap();
            file.write_at(vec![Bytes::from_static(b"one"), Bytes::from_static(b"two")], 0)
                .await
                .unwrap();
            file.sync_data().await.unwrap();
            assert_eq!(file.read_at(1, 4).await.unwrap(), &b"netw"[..]);
        })
    });
    thread.unwrap().join().unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"onetwo");
}

#[test]
fn a_directory_replaces_renames_lists_and_locks() {
    run_here(async {
        let scratch = ScratchDir::new();
        let dir = Directory::create_all(&scratch.path().join("x/y")).await.unwrap();
        dir.replace("b", b"1".to_vec()).await.unwrap();
        dir.replace("b", b"22".to_vec()).await.unwrap();
        dir.replace("a", b"333".to_vec()).await.unwrap();
        dir.rename("a", "c").await.unwrap();
        let names: Vec<_> = dir.entries().await.unwrap();
        let shown: Vec<_> = names.iter().map(|entry| (&*entry.name, entry.bytes)).collect();
        assert_eq!(shown, [("b", 2), ("c", 3)]);
        assert_eq!(dir.read("c", 3).await.unwrap(), b"333");
        let large = dir.read("c", 2).await.unwrap_err();
        assert_eq!(large.kind(), std::io::ErrorKind::FileTooLarge);
        dir.unlink("c").await.unwrap();
        dir.sync().await.unwrap();
        let held = dir.lock(".lock").await.unwrap();
        let taken = dir.lock(".lock").await.unwrap_err();
        assert_eq!(taken.kind(), std::io::ErrorKind::WouldBlock);
        drop(held);
        dir.lock(".lock").await.unwrap();
        assert!(dir.free_bytes().await.unwrap() > 0);
    });
}

#[test]
fn a_panic_ends_its_task_and_nothing_else() {
    run_here(async {
        spawn(async { panic!("planted") }).finished().await;
        assert_eq!(core_metrics().task_panics.get(), 1);
        sleep(Duration::from_millis(1)).await;
    });
}

#[test]
fn deadlines_cut_what_takes_too_long() {
    run_here(async {
        let start = now();
        let late = within(start + Duration::from_millis(20), std::future::pending::<()>()).await;
        assert!(late.is_none());
        assert!(now().since(start) >= Duration::from_millis(20));
        assert_eq!(within(start, async { 7 }).await, Some(7));
    });
}

#[test]
fn cores_talk_over_the_mesh_and_answer_in_slots() {
    let settings = CoreSettings { cpus: vec![0, 1], pin: false, ..CoreSettings::default() };
    let ends: Vec<_> = mesh::<(u64, Reply<u64>)>(2, 4)
        .into_iter()
        .map(|end| std::sync::Mutex::new(Some(end)))
        .collect();
    let build = |id: CoreId| -> CoreBuild {
        let mut end = ends[usize::from(id.0)].lock().unwrap().take().unwrap();
        Box::new(move || {
            Box::pin(async move {
                assert_eq!(core(), id);
                if id == CoreId(0) {
                    for n in 0..100 {
                        let (reply, answer) = reply();
                        end.send(CoreId(1), (n, reply)).await.unwrap();
                        assert_eq!(answer.await, Ok(n * 2));
                    }
                } else {
                    for _ in 0..100 {
                        let (n, reply) = end.recv().await.unwrap();
                        reply.send(n * 2);
                    }
                }
            })
        })
    };
    start_cores(settings, build).unwrap().join().unwrap();
}

#[test]
fn a_reply_of_memory_and_file_slices_arrives_whole() {
    run_here(async {
        let dir = ScratchDir::new();
        let file = SegmentFile::open(&dir.path().join("f"), OpenMode::CreateNew).await.unwrap();
        let content: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        file.write_at(vec![content.clone().into()], 0).await.unwrap();

        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), 16).unwrap();
        let addr = listener.local_addr().unwrap();
        let slice = Slice { file: file.clone(), position: 7, bytes: 2_000_000, generation: 0 };
        spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut parts = PartQueue::from([
                Part::Memory(Bytes::from_static(b"head")),
                Part::Memory(Bytes::new()),
                Part::File(slice),
                Part::Memory(Bytes::from(vec![9; 1_000_000])),
            ]);
            socket.send(&mut parts, &ColdReads::new(1 << 20)).await.unwrap();
            assert!(parts.is_empty());
        });
        let socket = Rc::new(Socket::connect(addr).await.unwrap());
        let mut got = BytesMut::new();
        while socket.recv(&mut got, 64 << 10).await.unwrap() > 0 {}
        assert_eq!(got.len(), 4 + 2_000_000 + 1_000_000);
        assert_eq!(&got[..4], b"head");
        assert!(got[4..2_000_004] == content[7..2_000_007]);
        assert_eq!(core_metrics().bytes_sent_sendfile.get(), 2_000_000);
        assert_eq!(core_metrics().residency_misses.get(), 0);
    });
}

fn cpus_of_this_thread() -> usize {
    let set = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0)).unwrap();
    (0..nix::sched::CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap()).count()
}

#[test]
fn a_pinned_core_keeps_its_workers_and_control_threads_unpinned() {
    let all = cpus_of_this_thread();
    let first = CoreSettings::default().cpus_of_cores().unwrap()[0];
    let settings = CoreSettings { cpus: vec![first], ..CoreSettings::default() };
    let build = move |_| -> CoreBuild {
        Box::new(move || {
            Box::pin(async move {
                assert_eq!(cpus_of_this_thread(), 1);
                assert_eq!(on_worker(cpus_of_this_thread).await, all);
                let check = move || -> LocalBoxFuture<()> {
                    Box::pin(async move { assert_eq!(cpus_of_this_thread(), all) })
                };
                let control = start_control("control", check).unwrap();
                on_worker(|| control.join()).await.unwrap();
                core_metrics().requests.one();
            })
        })
    };
    start_cores(settings, build).unwrap().join().unwrap();
    let cores = crate::metrics::all_cores();
    assert!(cores.iter().any(|(_, metrics)| metrics.requests.get() > 0));
}

#[test]
fn a_core_that_cannot_be_pinned_stops_the_start() {
    let settings = CoreSettings { cpus: vec![0, 900], ..CoreSettings::default() };
    let build = |_| -> CoreBuild { Box::new(|| Box::pin(std::future::pending())) };
    assert!(start_cores(settings, build).is_err());
}

#[test]
fn a_panic_of_a_worker_job_goes_on_in_the_caller() {
    run_here(async {
        spawn(async { on_worker(|| panic!("planted")).await }).finished().await;
        assert_eq!(core_metrics().task_panics.get(), 1);
        assert_eq!(on_worker(|| 3).await, 3);
    });
}

#[test]
fn sigterm_wakes_whoever_waits_for_it() {
    let (ready, wait) = std::sync::mpsc::channel();
    let thread = start_control("control", move || {
        Box::pin(async move {
            spawn(async move { ready.send(()).unwrap() }); // runs once the wait has begun
            stop_signal().await;
        })
    });
    wait.recv().unwrap();
    nix::sys::signal::raise(nix::sys::signal::Signal::SIGTERM).unwrap();
    thread.unwrap().join().unwrap();
}
