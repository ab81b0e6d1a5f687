//! Every backend over loopback, under the same names: a round trip on one connection, 64
//! connections at once, and pipelines of 16 requests.
//!
//! Client and server share this machine, so what is measured is both together; compare the
//! backends with each other, not with another machine's figures.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use backend_common::{Backend, Handle, Request, Response, Server};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const REQUEST: &[u8] = b"GET /plain HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

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
        assert!(
            first.starts_with(b"HTTP/1.1 200 OK\r\n")
                && first[..client.response].ends_with(b"\nhello\n")
        );
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

fn start<B: Backend>(model: B) -> Handle {
    let mut server = Server::bind("127.0.0.1:0").expect("a port is free").model(model);
    if B::NAME == "sync" {
        // The pool needs a thread for each connection that is open; fewer, and it is starved.
        server = server.threads(128);
    }
    server.spawn(|_: &Request<'_>| Response::text("hello\n")).expect("threads are to be had")
}

/// All models of a backend, if the system has what it needs.
fn models<B: Backend>(criterion: &mut Criterion) {
    if let Err(missing) = B::check_system() {
        println!("{} is left out: {missing}", B::NAME);
        return;
    }
    for (model, name, _) in B::MODELS {
        bench(criterion, *model, &format!("{}, {name}", B::NAME));
    }
}

fn bench<B: Backend>(criterion: &mut Criterion, model: B, name: &str) {
    let server = start(model);
    let address = server.address();

    let mut group = criterion.benchmark_group("round trip");
    group.throughput(Throughput::Elements(1));
    let mut client = Client::connect(address);
    group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
        bencher.iter(|| {
            client.ask(REQUEST);
            client.await_responses(1);
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("64 connections");
    group.throughput(Throughput::Elements(64));
    let mut clients: Vec<_> = (0..64).map(|_| Client::connect(address)).collect();
    group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
        bencher.iter(|| {
            clients.iter_mut().for_each(|client| client.ask(REQUEST));
            clients.iter_mut().for_each(|client| client.await_responses(1));
        });
    });
    group.finish();
    drop(clients);

    let mut group = criterion.benchmark_group("pipelines of 16");
    group.throughput(Throughput::Elements(16));
    let pipeline = REQUEST.repeat(16);
    group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
        bencher.iter(|| {
            client.ask(&pipeline);
            client.await_responses(16);
        });
    });
    group.finish();
    drop(client);
    server.shutdown(Duration::from_secs(5)).expect("the server began");
}

fn backends(criterion: &mut Criterion) {
    models::<backend_sync::Model>(criterion);
    models::<backend_mio::Model>(criterion);
    #[cfg(target_os = "linux")]
    models::<backend_uring::Model>(criterion);
    models::<backend_tokio::Model>(criterion);
    models::<backend_async_std::Model>(criterion);
    models::<backend_smol::Model>(criterion);
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(Duration::from_secs(3));
    targets = backends
}
criterion_main!(benches);
