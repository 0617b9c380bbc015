//! Micro benchmarks of the hot paths that need no kernel: the codec of Produce and Fetch, batches
//! and their checksum, a hop through the mesh without its cores. `cargo bench -p corelog-bench`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use corelog_bench::paths::PATHS;
use criterion::{Criterion, criterion_group, criterion_main};

fn paths(criterion: &mut Criterion) {
    for path in PATHS {
        let mut operation = (path.prepare)().unwrap();
        criterion.bench_function(path.name, |bencher| bencher.iter(&mut operation));
    }
}

criterion_group!(benches, paths);
criterion_main!(benches);
