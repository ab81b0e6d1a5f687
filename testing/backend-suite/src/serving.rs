//! Many connections, bounds, work, panics, time.

use std::io::Write;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backend_common::{Backend, Handler, Limits, Reply, Request, Response};
use museum::clients::{CLIENTS, KEEP, Pace};
use protocol::bytes::Bytes;
use protocol::http::HeaderValue;
use protocol::{Now, Outcome, Protocol, Step, Ticket, Wait};

use crate::client::Client;
use crate::fixtures::{app, end, server};

const SOON: Duration = Duration::from_secs(5);

pub fn every_request_of_many_connections_is_answered<B: Backend>(model: B) {
    raise_descriptor_limit();
    let answer = |request: &Request<'_>| Response::text(request.path().to_owned());
    // The pool needs a thread for each connection that is open at once.
    let server = server(model).threads(if B::NAME == "sync" { 1000 } else { 2 });
    let server = server.spawn(answer).unwrap();
    let address = server.address();
    let clients: Vec<_> = (0..8)
        .map(|group| {
            std::thread::spawn(move || {
                let mut clients: Vec<_> = (0..125).map(|_| Client::connect(address)).collect();
                for round in 0..10 {
                    for (number, client) in clients.iter_mut().enumerate() {
                        client.ask(&format!("/{group}/{number}/{round}"));
                    }
                    for (number, client) in clients.iter_mut().enumerate() {
                        let response = client.response();
                        assert_eq!(response.text(), format!("/{group}/{number}/{round}"));
                    }
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    let report = server.shutdown(SOON).unwrap();
    assert_eq!((report.connections, report.requests, report.aborted), (1000, 10_000, 0));
}

fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        setrlimit(Resource::Nofile, limit).unwrap();
    }
}

/// The clients of the first chapter of the course, and the one of the chapter on threads that
/// stays.
pub fn clients_that_end_a_first_server_do_no_harm<B: Backend>(model: B) {
    // The pool needs a thread for each client that is silent or stays.
    let server = server(model).threads(8).spawn(|_: &Request<'_>| "Hello.").unwrap();
    let pace = Pace { pause: Duration::from_millis(100), patience: Duration::from_secs(60) };
    for client in CLIENTS.into_iter().chain([KEEP]) {
        if let Err(killed) = (client.run)(server.address(), pace) {
            panic!("{}: {killed}", client.name);
        }
    }
    end(server);
}

/// Also of clients that are accepted while the server shuts down.
pub fn requests_know_their_peer<B: Backend>(model: B) {
    let answer = |request: &Request<'_>| Response::text(format!("{:?}", request.peer()));
    let server = server(model).max_connections(2).spawn(answer).unwrap();
    let connect = || {
        let client = Client::connect(server.address());
        let expected = format!("{:?}", Some(client.stream.local_addr().unwrap()));
        (client, expected)
    };
    let (mut first, expected) = connect();
    assert_eq!(first.get("/").text(), expected);
    let (mut second, expected) = connect();
    assert_eq!(second.get("/").text(), expected);
    // There is no place for it before one of the others has gone.
    let (mut late, expected) = connect();
    late.ask("/");
    let handle = server.shutdown_handle();
    handle.shutdown(SOON);
    assert_eq!(late.response().text(), expected);
    end(server);
}

pub fn further_connections_wait_for_room<B: Backend>(model: B) {
    let server = server(model).max_connections(2);
    let server = server.spawn(|_: &Request<'_>| "served").unwrap();
    let mut first = Client::connect(server.address());
    let mut second = Client::connect(server.address());
    assert_eq!(first.get("/").status, 200);
    assert_eq!(second.get("/").status, 200);
    let mut third = Client::connect(server.address());
    third.ask("/");
    third.stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    third.try_response().expect_err("there is no room yet");
    third.stream.set_read_timeout(Some(SOON)).unwrap();
    drop(first);
    assert_eq!(third.response().status, 200);
    assert_eq!(second.get("/").status, 200);
    end(server);
}

pub fn a_panic_costs_one_connection<B: Backend>(model: B) {
    let handler = |request: &Request<'_>| match request.path() {
        "/now" => panic!("on purpose"),
        "/work" => Reply::blocking(|| -> Response { panic!("on purpose") }),
        "/future" => Reply::future(async { Response::from(panics()) }),
        _ => "fine".into(),
    };
    let server = server(model).spawn(handler).unwrap();
    let mut other = Client::connect(server.address());
    assert_eq!(other.get("/").status, 200);
    for path in ["/now", "/work", "/future"] {
        let mut client = Client::connect(server.address());
        let response = client.get(path);
        assert_eq!((response.status, response.closes()), (500, true), "{path}");
        client.expect_close();
    }
    assert_eq!(other.get("/").status, 200);
    end(server);
}

pub fn work_beyond_the_bound_is_refused<B: Backend>(model: B) {
    let (begun, has_begun) = channel();
    let (release, released) = channel::<()>();
    let shared = Arc::new(Mutex::new((begun, released)));
    let handler = move |_: &Request<'_>| {
        let shared = Arc::clone(&shared);
        Reply::blocking(move || {
            let shared = shared.lock().unwrap();
            shared.0.send(()).unwrap();
            shared.1.recv().unwrap();
            "done"
        })
    };
    let server = server(model).max_work(1).spawn(handler).unwrap();
    let mut first = Client::connect(server.address());
    let mut second = Client::connect(server.address());
    first.ask("/");
    has_begun.recv_timeout(SOON).unwrap();
    let refused = second.get("/");
    assert_eq!(refused.status, 503);
    assert!(refused.head.contains("retry-after: 1\r\n"), "{}", refused.head);
    release.send(()).unwrap();
    assert_eq!(first.response().text(), "done");
    release.send(()).unwrap();
    assert_eq!(second.get("/").text(), "done");
    end(server);
}

pub fn futures_are_work_too<B: Backend>(model: B) {
    let handler = |_: &Request<'_>| {
        Reply::future(async {
            let mut polls = 0;
            std::future::poll_fn(|context| {
                polls += 1;
                context.waker().wake_by_ref();
                if polls < 3 { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
            })
            .await;
            format!("polled {polls} times")
        })
    };
    let server = server(model).spawn(handler).unwrap();
    assert_eq!(Client::connect(server.address()).get("/").text(), "polled 3 times");
    end(server);
}

/// Sleeping is a deadline: fifty sleeps take as long as one, on whatever few threads.
pub fn fifty_sleeping_requests_take_as_long_as_one<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    let start = Instant::now();
    let mut clients: Vec<_> = (0..50).map(|_| Client::connect(server.address())).collect();
    clients.iter_mut().for_each(|client| client.ask("/sleep/300"));
    for client in &mut clients {
        assert_eq!(client.response().text(), "slept for 300 ms\n");
    }
    assert!(start.elapsed() >= Duration::from_millis(300), "woke too early");
    // One after the other they would have taken fifteen seconds.
    assert!(start.elapsed() < Duration::from_secs(8), "slept one after the other");
    end(server);
}

pub fn an_idle_connection_is_closed<B: Backend>(model: B) {
    let limits = Limits { idle_timeout: Duration::from_secs(2), ..Limits::default() };
    let server = server(model).limits(limits).spawn(|_: &Request<'_>| "served").unwrap();
    let mut client = Client::connect(server.address());
    assert_eq!(client.get("/").status, 200);
    client.expect_close();
    drop(client); // or the server would linger
    Client::connect(server.address()).expect_close();
    end(server);
}

/// It neither reads nor goes. When it has been cut, its place is free, and so is what was being
/// sent to it.
pub fn a_client_that_reads_nothing_is_cut_and_makes_room<B: Backend>(model: B) {
    let limits = Limits { write_timeout: Duration::from_millis(100), ..Limits::default() };
    let server = server(model).limits(limits).max_connections(1).spawn(large()).unwrap();
    let mut deaf = Client::connect(server.address());
    deaf.ask("/large");
    let mut next = Client::connect(server.address());
    assert_eq!(next.get("/").text(), "small");
    drop((deaf, next));
    end(server);
}

/// The end of the requests may be seen before, while or after the response is sent.
pub fn a_client_that_half_closes_is_answered_and_closed<B: Backend>(model: B) {
    let server = server(model).max_connections(1).spawn(large()).unwrap();
    for _ in 0..3 {
        let mut client = Client::connect(server.address());
        client.ask("/large");
        std::thread::sleep(Duration::from_millis(50));
        client.half_close();
        assert_eq!(client.response().body.len(), LARGE);
        client.expect_close();
    }
    end(server);
}

/// More than any buffer of the kernel's takes, and a multiple of the high-water mark.
const LARGE: usize = 32 << 20;

pub fn large() -> impl Handler {
    let body = Bytes::from(vec![b'x'; LARGE]);
    move |request: &Request<'_>| match request.path() {
        "/large" => Response::text(body.clone()),
        _ => Response::text("small"),
    }
}

/// The work is done when its client has gone, and what comes of it panics when it is dropped.
pub fn an_outcome_for_a_closed_connection_is_dropped<B: Backend>(model: B) {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "on purpose");
        }
    }
    let (release, released) = channel();
    let released = Arc::new(Mutex::new(released));
    let handler = move |request: &Request<'_>| {
        if request.path() != "/bomb" {
            return Reply::from("served");
        }
        let released = Arc::clone(&released);
        Reply::blocking(move || {
            let _ = released.lock().unwrap().recv_timeout(SOON);
            let bomb = Bomb;
            Reply::collect(move |_| {
                let _bomb = bomb;
                "never"
            })
        })
    };
    let server = server(model).threads(2).spawn(handler).unwrap();
    for _ in 0..4 {
        let mut client = Client::connect(server.address());
        client.ask("/bomb");
        std::thread::sleep(Duration::from_millis(50));
        client.reset();
        std::thread::sleep(Duration::from_millis(50));
        release.send(()).unwrap();
    }
    std::thread::sleep(Duration::from_millis(100));
    for _ in 0..4 {
        assert_eq!(Client::connect(server.address()).get("/").text(), "served");
    }
    end(server);
}

/// While a request is worked on, what follows it waits in the kernel, whose buffers are soon full.
pub fn input_beyond_a_request_under_way_is_not_read<B: Backend>(model: B) {
    const FLOOD: usize = 256 << 20;
    let (server, _dir) = app(model);
    let mut client = Client::connect(server.address());
    client.ask("/sleep/700");
    client.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let piece = b"GET /echo/x HTTP/1.1\r\nHost: test\r\n\r\n".repeat(10_000);
    let mut taken = 0;
    while let Ok(bytes) = client.stream.write(&piece)
        && taken < FLOOD
    {
        taken += bytes;
    }
    assert!(taken < FLOOD / 4, "took {} MiB of what it cannot answer yet", taken >> 20);
    assert_eq!(client.response().text(), "slept for 700 ms\n");
    for _ in 0..1000 {
        assert_eq!(client.response().text(), "x");
    }
    client.reset();
    end(server);
}

pub fn a_pipeline_is_answered_in_order<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    let mut client = Client::connect(server.address());
    let paths: Vec<String> = (0..200)
        .map(|number| match number % 20 {
            7 => "/sleep/5".to_owned(),
            13 => "/work/1".to_owned(),
            _ => format!("/echo/{number}"),
        })
        .collect();
    paths.iter().for_each(|path| client.ask(path));
    for path in &paths {
        let response = client.response();
        let expected = match path.as_str() {
            "/sleep/5" => "slept for 5 ms",
            "/work/1" => "worked for 1 ms",
            path => path.strip_prefix("/echo/").unwrap(),
        };
        assert!(response.text().starts_with(expected), "{path}: {response:?}");
    }
    end(server);
}

pub fn a_protocol_that_panics_costs_one_connection<B: Backend>(model: B) {
    let handler = |request: &Request<'_>| match request.path() {
        "/upgrade" => Reply::upgrade(HeaderValue::from_static("trouble"), Response::ok(), Trouble),
        _ => "fine".into(),
    };
    let server = server(model).threads(2).spawn(handler).unwrap();
    for _ in 0..4 {
        let mut client = Client::connect(server.address());
        assert_eq!(client.get("/upgrade").status, 101);
        client.send("boom");
        client.expect_close();
    }
    assert_eq!(Client::connect(server.address()).get("/").text(), "fine");
    end(server);
}

/// A protocol that panics when something comes, and never ends of its own will.
#[derive(Debug)]
pub struct Trouble;

impl Protocol for Trouble {
    fn receive(&mut self, input: &mut [u8], _: &mut Vec<u8>, _: Now) -> usize {
        assert!(input.is_empty(), "on purpose");
        0
    }

    fn receive_eof(&mut self, _: Now) {}

    fn sent(&mut self, _: u64, _: Now) {}

    fn complete(&mut self, _: Ticket, _: Outcome, _: &mut Vec<u8>, _: Now) {}

    fn handle_timeout(&mut self, _: &mut Vec<u8>, _: Now) {}

    fn shutdown(&mut self, _: Instant, _: Now) {}

    fn poll(&mut self) -> Step {
        Step::Wait(Wait { read: true, deadline: None })
    }
}

pub fn bounds_of_zero_are_taken_as_one<B: Backend>(model: B) {
    let server = server(model).threads(0).workers(0).max_connections(0).max_work(0);
    let server = server.spawn(|_: &Request<'_>| Reply::blocking(|| "served")).unwrap();
    assert_eq!(Client::connect(server.address()).get("/").text(), "served");
    end(server);
}

fn panics() -> String {
    panic!("on purpose")
}
