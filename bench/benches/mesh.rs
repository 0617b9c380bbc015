//! Micro benchmark of a question from one core to another and its answer: two threads with rings,
//! each on a CPU where there are two.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use corelog_bench::machine::allowed_cpus;
use corelog_engine::runtime::{
    CoreBuild, CoreId, CoreSettings, LocalBoxFuture, MeshEnd, Reply, mesh, reply, start_cores,
};
use criterion::{Criterion, criterion_group, criterion_main};

/// A question, or that there will be no more.
type Question = Option<Reply<u64>>;
/// Messages that an inbox holds.
const DEPTH: usize = 1024;

fn between_cores(count: u64) -> Duration {
    let cpus = allowed_cpus().unwrap();
    let cpus = vec![*cpus.first().unwrap(), *cpus.last().unwrap()];
    let ends: Vec<_> =
        mesh::<Question>(2, DEPTH).into_iter().map(|end| Mutex::new(Some(end))).collect();
    let (told, took) = channel();
    let build = |core: CoreId| -> CoreBuild {
        let end = ends[usize::from(core.0)].lock().unwrap().take().unwrap();
        let told = told.clone();
        Box::new(move || -> LocalBoxFuture<()> {
            match core.0 {
                0 => Box::pin(ask(end, count, told)),
                _ => Box::pin(answer(end)),
            }
        })
    };
    let cores = start_cores(CoreSettings { cpus, ..CoreSettings::default() }, build).unwrap();
    cores.join().unwrap();
    took.recv().unwrap()
}

async fn ask(end: MeshEnd<Question>, count: u64, told: Sender<Duration>) {
    let begun = Instant::now();
    for _ in 0..count {
        let (slot, answer) = reply();
        end.send(CoreId(1), Some(slot)).await.unwrap();
        answer.await.unwrap();
    }
    told.send(begun.elapsed()).unwrap();
    end.send(CoreId(1), None).await.unwrap();
}

async fn answer(mut end: MeshEnd<Question>) {
    while let Some(Some(slot)) = end.recv().await {
        slot.send(7);
    }
}

fn cores(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mesh");
    group.sample_size(10);
    group.bench_function("between-cores", |bencher| bencher.iter_custom(between_cores));
    group.finish();
}

criterion_group!(benches, cores);
criterion_main!(benches);
