//! Every model of every backend over loopback, in the same [`scenarios`].
//!
//! Each scenario is one group of criterion's, which draws the models beside each other in
//! `target/criterion/SCENARIO/report/index.html`; a table at the end has all of them.
//!
//! Client and server share this machine, so what is measured is both together; compare the
//! backends with each other, not with another machine's figures.

use std::time::Duration;

use bench::models::{self, Model, Threads};
use bench::scenarios::{self, Scenario};
use bench::table::{self, Estimates, Figure};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

/// Runs one bench, with a server for it alone: even an idle one has threads that disturb others.
fn measure(group: &mut BenchmarkGroup<'_, WallTime>, scenario: &Scenario, model: &Model) {
    // Criterion calls the closure several times, or not at all if the bench is filtered out.
    let mut running = None;
    group.bench_function(&model.name, |bencher| {
        let (_, iteration) = running.get_or_insert_with(|| {
            let server = model.start(Threads::Usual, |_| {});
            let iteration = (scenario.connect)(server.address());
            (server, iteration)
        });
        bencher.iter(|| iteration(&mut || {}));
    });
    if let Some((server, iteration)) = running {
        drop(iteration); // its connections close, and the server need not wait for them
        server.shutdown(Duration::from_secs(5)).expect("the server began");
    }
}

fn benches(criterion: &mut Criterion) {
    let (models, criterion_home) = (models::all(), table::criterion_home());
    let mut figures = Vec::new();
    for scenario in scenarios::ALL {
        let mut group = criterion.benchmark_group(scenario.name);
        group.throughput(Throughput::Elements(scenario.requests));
        for model in &models {
            let estimates = Estimates::before(&criterion_home, scenario.name, &model.name);
            measure(&mut group, &scenario, model);
            figures.extend(estimates.median().map(|nanoseconds| Figure {
                scenario: scenario.name.into(),
                model: model.name.clone(),
                rate: scenario.requests as f64 * 1e9 / nanoseconds,
            }));
        }
        group.finish();
    }
    print!("{}", table::format(&figures));
}

criterion_group! {
    name = backends;
    config = Criterion::default().sample_size(30).measurement_time(Duration::from_secs(3));
    targets = benches
}
criterion_main!(backends);
