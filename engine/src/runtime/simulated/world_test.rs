//! The simulated world: repeatable, and cruel in the right way.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use crate::runtime::simulated::*;
use crate::runtime::*;

async fn new_file(name: &str) -> std::sync::Arc<SegmentFile> {
    Directory::create_all(Path::new("/data")).await.unwrap();
    SegmentFile::open(&Path::new("/data").join(name), OpenMode::CreateNew).await.unwrap()
}

async fn content(name: &str) -> Option<Vec<u8>> {
    let dir = Directory::open(Path::new("/data")).await.ok()?;
    dir.read(name, 1 << 20).await.ok()
}

#[test]
fn the_same_seed_takes_the_same_steps() {
    let trace = |seed| {
        let world = World::new(seed);
        world.run(async {
            let file = new_file("a").await;
            let writers = (0..8u64).map(|n| {
                let file = file.clone();
                spawn(async move {
                    file.write_at(vec![Bytes::from(vec![n as u8; 700])], n * 700).await.unwrap();
                    sleep(Duration::from_micros(rng().below(900))).await;
                    file.sync_data().await.unwrap();
                })
            });
            for writer in writers.collect::<Vec<_>>() {
                writer.finished().await;
            }
        });
        world.crash().trace()
    };
    assert_eq!(trace(5), trace(5));
    assert_ne!(trace(5), trace(6));
}

#[test]
fn synced_bytes_and_names_survive_and_others_do_so_sometimes() {
    let (mut kept, mut torn, mut gone) = (0, 0, 0);
    for seed in 0..200 {
        let world = World::new(seed);
        world.run(async {
            let file = new_file("a").await;
            file.write_at(vec![Bytes::from(vec![1; 3000])], 0).await.unwrap();
            file.sync_data().await.unwrap();
            Directory::open(Path::new("/data")).await.unwrap().sync().await.unwrap();
            file.write_at(vec![Bytes::from(vec![2; 3000])], 3000).await.unwrap();
        });
        let content = world.crash().run(content("a")).expect("a synced file with a synced name");
        assert_eq!(content[..3000], [1; 3000], "seed {seed}");
        match content.len() {
            3000 => gone += 1,
            6000 if content[3000..] == [2; 3000] => kept += 1,
            _ => torn += 1,
        }
    }
    assert!(kept > 10 && torn > 10 && gone > 10, "{kept} {torn} {gone}");
}

#[test]
fn a_synced_file_without_a_synced_name_may_vanish() {
    let mut vanished = 0;
    for seed in 0..50 {
        let world = World::new(seed);
        world.run(async {
            let file = new_file("a").await;
            file.write_at(vec![Bytes::from_static(b"x")], 0).await.unwrap();
            file.sync_data().await.unwrap();
        });
        match world.crash().run(content("a")) {
            None => vanished += 1,
            Some(content) => assert_eq!(content, b"x"),
        }
    }
    assert!((5..45).contains(&vanished), "{vanished}");
}

#[test]
fn replace_leaves_the_old_content_or_the_new() {
    for seed in 0..300 {
        let world = World::new(seed);
        let micros = world.rng().below(8_000);
        let old = vec![b'o'; 2000];
        let new = vec![b'n'; 1500];
        world.run(async {
            let dir = Directory::create_all(Path::new("/data")).await.unwrap();
            dir.replace("c", old.clone()).await.unwrap();
        });
        let done = world.run_for(Duration::from_micros(micros), async {
            let dir = Directory::open(Path::new("/data")).await.unwrap();
            dir.replace("c", new.clone()).await.unwrap();
        });
        let found = world.crash().run(content("c")).unwrap();
        assert!(found == new || (found == old && done.is_none()), "seed {seed}");
    }
}

#[test]
fn what_a_failed_sync_dropped_never_becomes_durable() {
    for seed in 0..50 {
        let world = World::new(seed);
        world.run(async {
            let file = new_file("a").await;
            Directory::open(Path::new("/data")).await.unwrap().sync().await.unwrap();
            file.write_at(vec![Bytes::from_static(b"lost")], 0).await.unwrap();
        });
        world.fail_next(OpKind::SyncData, 5);
        world.run(async {
            let path = Path::new("/data/a");
            let file = SegmentFile::open(path, OpenMode::ReadWrite).await.unwrap();
            assert_eq!(file.sync_data().await.unwrap_err().raw_os_error(), Some(5));
            assert_eq!(file.read_at(0, 9).await.unwrap(), &b"lost"[..], "still readable");
            file.sync_data().await.unwrap();
        });
        assert_ne!(world.crash().run(content("a")).unwrap(), b"lost");
    }
}

#[test]
fn a_full_disk_takes_what_fits_and_says_so() {
    let world = World::new(1);
    world.limit_space(1000);
    world.run(async {
        let file = new_file("a").await;
        file.write_at(vec![Bytes::from(vec![1; 900])], 0).await.unwrap();
        let error = file.write_at(vec![Bytes::from(vec![2; 200])], 900).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        assert_eq!(file.len().await.unwrap(), 1000);
        let dir = Directory::open(Path::new("/data")).await.unwrap();
        assert_eq!(dir.free_bytes().await.unwrap(), 0);
        dir.unlink("a").await.unwrap();
        assert_eq!(dir.free_bytes().await.unwrap(), 1000);
    });
}

#[test]
fn a_stalled_device_delays_its_own_operations_only() {
    let world = World::new(4);
    world.run(async {
        Directory::create_all(Path::new("/slow")).await.unwrap();
    });
    world.stall(Path::new("/slow"), Duration::from_secs(2));
    world.run(async {
        let start = now();
        let stalled = spawn(async move {
            let path = Path::new("/slow/a");
            let file = SegmentFile::open(path, OpenMode::CreateNew).await.unwrap();
            assert!(now().since(start) >= Duration::from_secs(2));
            file.sync_data().await.unwrap();
        });
        new_file("quick").await.sync_data().await.unwrap();
        assert!(now().since(start) < Duration::from_millis(500));
        stalled.finished().await;
    });
}

#[test]
fn cores_of_a_world_talk_over_the_mesh() {
    let world = World::new(9);
    world.enter(|| {
        let ends: Vec<_> = mesh::<Reply<u16>>(2, 1)
            .into_iter()
            .map(|end| std::sync::Mutex::new(Some(end)))
            .collect();
        let build = |id: CoreId| -> CoreBuild {
            let mut end = ends[usize::from(id.0)].lock().unwrap().take().unwrap();
            Box::new(move || {
                Box::pin(async move {
                    if id == CoreId(0) {
                        let (question, answer) = reply();
                        end.send(CoreId(1), question).await.unwrap();
                        assert_eq!(answer.await, Ok(1));
                    } else {
                        end.recv().await.unwrap().send(core().0);
                    }
                })
            })
        };
        start_cores(CoreSettings::default(), build).unwrap().join().unwrap();
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_world_where_nothing_can_happen_says_so() {
    World::new(1).run(std::future::pending::<()>());
}

#[test]
fn a_panic_ends_its_task_and_abort_drops_one() {
    run_here(async {
        spawn(async { panic!("planted") }).finished().await;
        assert_eq!(core_metrics().task_panics.get(), 1);
        let sleeper = spawn(sleep(Duration::from_secs(3600)));
        yield_now().await;
        sleeper.abort();
        assert!(sleeper.is_finished());
        let start = now();
        assert!(
            within(start + Duration::from_secs(1), std::future::pending::<()>()).await.is_none()
        );
        assert!(now().since(start) < Duration::from_secs(2));
        assert_eq!(on_worker(|| 5).await, 5);
    });
}
