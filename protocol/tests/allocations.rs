//! What a connection costs: nothing per request once it is warm, nothing while it is idle.
//!
//! A binary of its own, because its allocator counts. It counts per thread, so that tests that run
//! at the same time do not disturb one another.

#![allow(unsafe_code, reason = "an allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::{Arc, LazyLock};
use std::time::{Instant, UNIX_EPOCH};

use protocol::{Connection, Handler, Limits, Now, Protocol, Reply, Request, Response, Step};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

fn count(allocations: usize, bytes: isize) {
    // Fails only while the thread ends, when nobody asks any more.
    let _ = ALLOCATIONS.try_with(|all| all.set(all.get() + allocations));
    let _ = BYTES.try_with(|all| all.set(all.get() + bytes));
}

// SAFETY: every call goes to `System` unchanged, which keeps the promises of `GlobalAlloc`. The
// counters neither allocate nor panic: they are constant-initialised cells without destructors.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as isize);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -(layout.size() as isize));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(1, new_size as isize - layout.size() as isize);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations() -> usize {
    ALLOCATIONS.with(Cell::get)
}

fn heap() -> isize {
    BYTES.with(Cell::get)
}

#[expect(clippy::disallowed_methods, reason = "an Instant cannot be made up")]
static START: LazyLock<Now> = LazyLock::new(|| Now { instant: Instant::now(), wall: UNIX_EPOCH });

const REQUEST: &str = "GET /plain?a=b HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: test\r\n\
                       Accept: */*\r\nConnection: keep-alive\r\n\r\n";

fn hello(_: &Request<'_>) -> Response {
    Response::text("Hello, World!")
}

/// Feeds `input` whole, has all output taken, and leaves both buffers as they were.
fn exchange(connection: &mut Connection, input: &mut [u8], out: &mut Vec<u8>) {
    let mut consumed = connection.receive(input, out, *START);
    loop {
        match connection.poll() {
            Step::Receive => consumed += connection.receive(&mut input[consumed..], out, *START),
            Step::Run(ticket, work) => {
                let outcome = match work {
                    protocol::Work::Blocking(job) => job.run(),
                    protocol::Work::Future(_) => unreachable!("no handler here has a future"),
                };
                connection.complete(ticket, outcome, out, *START);
            }
            Step::Wait(wait) if out.is_empty() => {
                assert!(wait.read && consumed == input.len());
                return;
            }
            Step::Wait(_) => {
                let length = out.len() as u64;
                out.clear();
                connection.sent(length, *START);
            }
            step => panic!("{step:?}"),
        }
    }
}

fn connection(handler: impl Handler) -> Connection {
    Connection::new(Arc::new(handler), Arc::new(Limits::default()), *START)
}

#[test]
fn the_counter_counts() {
    let (before, bytes) = (allocations(), heap());
    let held = vec![0u8; 100];
    assert_eq!((allocations() - before, heap() - bytes), (1, 100));
    drop(held);
    assert_eq!((allocations() - before, heap() - bytes), (1, 0));
}

#[test]
fn ten_thousand_requests_on_a_warm_connection_allocate_nothing() {
    for pipelined in [1, 16] {
        let mut connection = connection(hello);
        let request = REQUEST.repeat(pipelined).into_bytes();
        let mut input = request.clone();
        let mut out = Vec::new();
        exchange(&mut connection, &mut input, &mut out);
        let before = allocations();
        for _ in 0..10_000 / pipelined {
            input.copy_from_slice(&request);
            exchange(&mut connection, &mut input, &mut out);
        }
        assert_eq!(allocations() - before, 0, "pipelined by {pipelined}");
        assert_eq!(connection.served() as usize, (1 + 10_000 / pipelined) * pipelined);
    }
}

#[test]
fn a_head_that_trickles_in_allocates_nothing() {
    let mut connection = connection(hello);
    let mut input = REQUEST.as_bytes().to_vec();
    let mut out = Vec::with_capacity(1024);
    let before = allocations();
    for end in 1..input.len() {
        assert_eq!(connection.receive(&mut input[..end], &mut out, *START), 0);
        assert!(matches!(connection.poll(), Step::Wait(wait) if wait.read));
    }
    exchange(&mut connection, &mut input, &mut out);
    assert_eq!(allocations() - before, 0);
    assert_eq!(connection.served(), 1);
}

#[test]
fn an_idle_connection_has_nothing_on_the_heap() {
    let answer = |request: &Request<'_>| match request.path() {
        "/collect" => Reply::collect(|body| Response::text(String::from_utf8(body).unwrap())),
        "/work" => Reply::blocking(|| "worked"),
        "/large" => Response::text("x".repeat(300_000)).into(),
        _ => "Hello, World!".into(),
    };
    for request in [
        REQUEST.to_owned(),
        "GET /work HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(),
        "GET /large HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(),
        "POST /collect HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello".to_owned(),
        "POST /ignore HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            .to_owned(),
    ] {
        let mut connection = connection(answer);
        let before = heap();
        let mut input = request.clone().into_bytes();
        let mut out = Vec::new();
        exchange(&mut connection, &mut input, &mut out);
        assert_eq!(connection.served(), 1, "{request}");
        drop((input, out));
        assert_eq!(heap() - before, 0, "{request}");
    }
}

#[test]
fn a_connection_is_small() {
    // 536 bytes on a 64-bit machine: a change that makes it larger should be made on purpose.
    let size = size_of::<Connection>();
    assert!(size <= 536, "{size}");
}
