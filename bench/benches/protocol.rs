//! The protocols without a socket, each beside the library below it: see [`bench::protocols`].

use bench::protocols;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn benches(criterion: &mut Criterion) {
    let mut all = protocols::all();
    for functions in all.chunk_by_mut(|one, other| one.group == other.group) {
        let mut group = criterion.benchmark_group(functions[0].group);
        for it in functions {
            group.throughput(Throughput::Bytes(it.bytes as u64));
            group.bench_function(BenchmarkId::new(it.by, it.input), |bencher| {
                bencher.iter(&mut it.run);
            });
        }
        group.finish();
    }
}

criterion_group!(protocol, benches);
criterion_main!(protocol);
