//! The protocol without a socket: heads, chunked bodies, responses, and a whole connection, each
//! beside what `httparse` alone takes.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use protocol::{Connection, Limits, Now, Protocol, Request, Response, Step, internals};

/// Heads: what finding their end, reading and checking them costs over reading them alone.
fn heads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("head");
    for (name, mut head) in bench::heads() {
        group.throughput(Throughput::Bytes(head.len() as u64));
        group.bench_function(BenchmarkId::new("httparse", name), |bencher| {
            bencher.iter(|| bench::raw_httparse(black_box(&head)));
        });
        group.bench_function(BenchmarkId::new("protocol", name), |bencher| {
            bencher.iter(|| internals::parse_head(black_box(&mut head)));
        });
    }
    group.finish();
}

/// A body of 64 KiB in chunks of 4 KiB; `httparse` reads the chunk sizes alone.
fn chunked(criterion: &mut Criterion) {
    let chunk = [b"1000\r\n".as_slice(), &[b'x'; 4096], b"\r\n"].concat();
    let body = [chunk.repeat(16).as_slice(), b"0\r\n\r\n"].concat();
    let mut group = criterion.benchmark_group("chunked body");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("httparse", |bencher| {
        bencher.iter(|| {
            let (mut at, mut content) = (0, 0);
            while let Ok(httparse::Status::Complete((line, size))) =
                httparse::parse_chunk_size(black_box(&body[at..]))
            {
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                content += size;
                at += line + size + 2;
                if size == 0 {
                    break;
                }
            }
            assert_eq!(content, 65_536);
        });
    });
    group.bench_function("protocol", |bencher| {
        bencher.iter(|| assert_eq!(internals::decode_chunked(black_box(&body)), Ok(65_536)));
    });
    group.finish();
}

/// The head of a response with five fields.
fn response(criterion: &mut Criterion) {
    let mut out = Vec::with_capacity(4096);
    let response = Response::text("hello\n");
    criterion.bench_function("response", |bencher| {
        bencher.iter(|| {
            out.clear();
            internals::write_response(black_box(&response), &mut out);
            black_box(out.len())
        });
    });
}

/// Request to response through a connection that is kept: what a backend calls, but no socket.
fn connection(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("connection");
    for (name, mut head) in bench::heads() {
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("httparse", name), |bencher| {
            bencher.iter(|| bench::raw_httparse(black_box(&head)));
        });
        let handler = Arc::new(|_: &Request<'_>| Response::text("hello\n"));
        let now = Now { instant: Instant::now(), wall: SystemTime::now() };
        let mut connection = Connection::new(handler, Arc::new(Limits::default()), now);
        let mut out = Vec::with_capacity(4096);
        group.bench_function(BenchmarkId::new("protocol", name), |bencher| {
            bencher.iter(|| {
                out.clear();
                let consumed = connection.receive(black_box(&mut head), &mut out, now);
                assert_eq!(consumed, head.len());
                connection.sent(out.len() as u64, now);
                assert!(matches!(connection.poll(), Step::Wait(_)));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, heads, chunked, response, connection);
criterion_main!(benches);
