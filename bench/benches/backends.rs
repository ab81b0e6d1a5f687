//! Every model of every backend over loopback, in the same [`SCENARIOS`].
//!
//! Each scenario is one group of criterion's, which draws the models beside each other in
//! `target/criterion/SCENARIO/report/index.html`; a table at the end has all of them.
//!
//! Client and server share this machine, so what is measured is both together; compare the
//! backends with each other, not with another machine's figures.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use backend_common::{Backend, Handle, Request, Response, Server, Variant};
use bench::table::{self, Estimates, Figure};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

const REQUEST: &[u8] = b"GET /plain HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
const LAST_REQUEST: &[u8] =
    b"GET /plain HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n\r\n";

/// A scenario: what clients do in one iteration.
struct Scenario {
    name: &'static str,
    /// Requests of an iteration.
    requests: u64,
    /// Connects the clients to a server.
    connect: fn(SocketAddr) -> Iteration,
}

type Iteration = Box<dyn FnMut()>;

const SCENARIOS: [Scenario; 4] = [
    Scenario { name: "round trip", requests: 1, connect: round_trip },
    Scenario { name: "64 connections", requests: 64, connect: many_connections },
    Scenario { name: "pipelines of 16", requests: 16, connect: pipelines },
    Scenario { name: "a connection for each request", requests: 1, connect: short_connections },
];

fn round_trip(server: SocketAddr) -> Iteration {
    let mut client = Client::connect(server);
    Box::new(move || {
        client.ask(REQUEST);
        client.await_responses(1);
    })
}

fn many_connections(server: SocketAddr) -> Iteration {
    let mut clients: Vec<_> = (0..64).map(|_| Client::connect(server)).collect();
    Box::new(move || {
        clients.iter_mut().for_each(|client| client.ask(REQUEST));
        clients.iter_mut().for_each(|client| client.await_responses(1));
    })
}

fn pipelines(server: SocketAddr) -> Iteration {
    let mut client = Client::connect(server);
    let pipeline = REQUEST.repeat(16);
    Box::new(move || {
        client.ask(&pipeline);
        client.await_responses(16);
    })
}

/// The server closes first (RFC 9112 §9.6), so that TIME-WAIT is its own and does not use up the
/// client's ports.
fn short_connections(server: SocketAddr) -> Iteration {
    let mut response = Vec::with_capacity(1024);
    Box::new(move || {
        let mut stream = TcpStream::connect(server).expect("the server listens");
        stream.write_all(LAST_REQUEST).expect("the server reads");
        response.clear();
        stream.read_to_end(&mut response).expect("the server answers and closes");
        assert_is_hello(&response);
    })
}

/// A connection that knows how long each response is.
struct Client {
    stream: TcpStream,
    response: usize,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("the connection is new");
        let mut client = Client { stream, response: 0 };
        client.ask(REQUEST);
        let mut first = [0; 1024];
        client.response = client.stream.read(&mut first).expect("the server answers");
        assert_is_hello(&first[..client.response]);
        client
    }

    fn ask(&mut self, requests: &[u8]) {
        self.stream.write_all(requests).expect("the server reads");
    }

    fn await_responses(&mut self, count: usize) {
        let mut buffer = [0; 16 << 10];
        let mut left = count * self.response;
        while left > 0 {
            let bytes = self.stream.read(&mut buffer).expect("the server answers");
            assert!(bytes > 0 && bytes <= left, "not the responses that were asked for");
            left -= bytes;
        }
    }
}

fn assert_is_hello(response: &[u8]) {
    assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n") && response.ends_with(b"\nhello\n"));
}

/// A model of a backend, and how to start it.
struct Model {
    name: String,
    start: Box<dyn Fn() -> Handle>,
}

/// All models of a backend, if the system has what it needs.
fn models_of<B: Backend>() -> Vec<Model> {
    if let Err(missing) = B::check_system() {
        eprintln!("{} is left out: {missing}", B::NAME);
        return Vec::new();
    }
    let models = B::MODELS.iter().map(|&Variant { model, name, .. }| Model {
        name: format!("{}, {name}", B::NAME),
        start: Box::new(move || start(model)),
    });
    models.collect()
}

fn start<B: Backend>(model: B) -> Handle {
    let mut server = Server::bind("127.0.0.1:0").expect("a port is free").model(model);
    if B::NAME == "sync" {
        // The pool needs a thread for each connection that is open; fewer, and it is starved.
        server = server.threads(128);
    }
    server.spawn(|_: &Request<'_>| Response::text("hello\n")).expect("a thread starts")
}

fn models() -> Vec<Model> {
    let backends = [
        models_of::<backend_sync::Model>(),
        models_of::<backend_mio::Model>(),
        models_of::<backend_uring::Model>(),
        models_of::<backend_tokio::Model>(),
        models_of::<backend_async_std::Model>(),
        models_of::<backend_smol::Model>(),
    ];
    backends.into_iter().flatten().collect()
}

/// Runs one bench, with a server for it alone: even an idle one has threads that disturb others.
fn measure(group: &mut BenchmarkGroup<'_, WallTime>, scenario: &Scenario, model: &Model) {
    // Criterion calls the closure several times, or not at all if the bench is filtered out.
    let mut running = None;
    group.bench_function(&model.name, |bencher| {
        let (_, iteration) = running.get_or_insert_with(|| {
            let server = (model.start)();
            let iteration = (scenario.connect)(server.address());
            (server, iteration)
        });
        bencher.iter(iteration);
    });
    if let Some((server, iteration)) = running {
        drop(iteration); // its connections close, and the server need not wait for them
        server.shutdown(Duration::from_secs(5)).expect("the server began");
    }
}

fn backends(criterion: &mut Criterion) {
    let (models, criterion_home) = (models(), table::criterion_home());
    let mut figures = Vec::new();
    for scenario in SCENARIOS {
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
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(Duration::from_secs(3));
    targets = backends
}
criterion_main!(benches);
