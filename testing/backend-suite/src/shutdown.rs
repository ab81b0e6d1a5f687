//! Graceful shutdown, under every condition.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use backend_common::{Backend, Limits, Reply, Request, Response, Server};
use protocol::http::HeaderValue;

use crate::client::{Client, eventually};
use crate::fixtures::{app, app_with, end, server};
use crate::serving::{Trouble, large};

const SOON: Duration = Duration::from_secs(10);

pub fn requests_under_way_are_answered<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    let mut clients: Vec<_> = (0..20).map(|_| Client::connect(server.address())).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.ask(if number % 2 == 0 { "/sleep/400" } else { "/work/50" });
    }
    let mut slow = Client::connect(server.address());
    slow.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nha");
    thread::sleep(Duration::from_millis(100));
    server.shutdown_handle().shutdown(SOON);
    slow.send("lf");
    clients.push(slow);
    for client in &mut clients {
        let response = client.response();
        assert_eq!(response.status, 200);
        client.expect_close();
    }
    drop(clients); // or the server would linger
    let report = server.join().unwrap();
    assert_eq!((report.requests, report.aborted), (21, 0));
}

/// A server that has ended is gone: what its handler holds is free again.
pub fn the_handler_is_dropped_when_the_server_has_ended<B: Backend>(model: B) {
    let held = Arc::new(());
    let handler = {
        let held = Arc::clone(&held);
        move |request: &Request<'_>| {
            let held = Arc::clone(&held);
            match request.path() {
                "/work" => Reply::blocking(move || format!("{held:?}")),
                "/future" => Reply::future(async move { format!("{held:?}") }),
                _ => Response::text("served").into(),
            }
        }
    };
    let server = server(model).spawn(handler).unwrap();
    let mut clients: Vec<_> = (0..4).map(|_| Client::connect(server.address())).collect();
    for client in &mut clients {
        for path in ["/", "/work", "/future"] {
            assert_eq!(client.get(path).status, 200);
        }
    }
    clients[0].ask("/work");
    drop(clients);
    end(server);
    eventually("the handler is gone", || Arc::strong_count(&held) == 1);
}

/// It neither reads nor goes, and a send is under way when the time is up.
pub fn a_client_that_reads_nothing_is_cut_at_the_deadline<B: Backend>(model: B) {
    let server = server(model).spawn(large()).unwrap();
    let mut deaf = Client::connect(server.address());
    deaf.ask("/large");
    deaf.stream.peek(&mut [0]).unwrap();
    let start = Instant::now();
    assert_eq!(server.shutdown(Duration::from_millis(200)).unwrap().aborted, 1);
    assert!(start.elapsed() < SOON, "took {:?}", start.elapsed());
}

/// Clients that ask one request after the other while the server shuts down. A request may
/// go unanswered only if it was sent when `Drain::GRACE` was over.
pub fn no_request_is_lost_under_load<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    let address = server.address();
    let clients: Vec<_> = (0..32)
        .map(|_| {
            let mut client = Client::connect(address); // before shutdown
            thread::spawn(move || {
                for count in 0u64.. {
                    let asked = Instant::now();
                    client.stream.set_nodelay(true).ok();
                    let request = b"GET /echo/x HTTP/1.1\r\nHost: test\r\n\r\n";
                    let sent = std::io::Write::write_all(&mut client.stream, request);
                    match sent.and_then(|()| client.try_response()) {
                        Ok(Some(response)) if response.closes() => return (count + 1, None),
                        Ok(Some(_)) => {}
                        Ok(None) | Err(_) => return (count, Some(asked)),
                    }
                }
                unreachable!()
            })
        })
        .collect();
    thread::sleep(Duration::from_millis(150));
    let begun = Instant::now();
    let report = server.shutdown(SOON).unwrap();
    let mut answered = 0;
    for client in clients {
        let (count, unanswered) = client.join().unwrap();
        answered += count;
        if let Some(asked) = unanswered {
            let late = asked.saturating_duration_since(begun);
            assert!(late > Duration::from_millis(400), "lost a request sent after {late:?}");
        }
    }
    assert_eq!((report.requests, report.aborted), (answered, 0));
}

pub fn idle_connections_are_closed<B: Backend>(model: B) {
    // An address that no other test uses: one could take the port when it is free.
    let address = if cfg!(target_os = "linux") { "127.0.7.7:0" } else { "127.0.0.1:0" };
    let server = Server::bind(address).unwrap().model(model).threads(64);
    let server = server.spawn(|_: &Request<'_>| "served").unwrap();
    let mut clients: Vec<_> = (0..20).map(|_| Client::connect(server.address())).collect();
    for client in clients.iter_mut().take(10) {
        assert_eq!(client.get("/").status, 200);
    }
    let address = server.address();
    let report = thread::spawn(move || server.shutdown(Duration::from_secs(60)).unwrap());
    clients.iter_mut().for_each(Client::expect_close);
    drop(clients);
    let report = report.join().unwrap();
    assert_eq!((report.connections, report.requests, report.aborted), (20, 10, 0));
    std::net::TcpStream::connect(address).expect_err("nobody listens any more");
}

pub fn a_request_that_crosses_the_signal_is_answered<B: Backend>(model: B) {
    let is_shown = (0..20).any(|_| cross_the_signal(model));
    assert!(is_shown, "this machine is too slow to send a request while the signal is fresh");
}

/// Sends requests a moment after shutdown has begun, unless they come too late for that.
fn cross_the_signal<B: Backend>(model: B) -> bool {
    /// `Drain::GRACE`, but for some time for the way to the server.
    const IN_TIME: Duration = Duration::from_millis(300);
    let (server, _dir) = app(model);
    let mut client = Client::connect(server.address());
    assert_eq!(client.get("/healthz").status, 200);
    let fresh = Client::connect(server.address());
    // It is accepted before shutdown if this is answered: connections are accepted one after the
    // other.
    assert_eq!(Client::connect(server.address()).get("/healthz").status, 200);
    let begun = Instant::now();
    server.shutdown_handle().shutdown(SOON);
    thread::sleep(Duration::from_millis(50));
    let mut clients = [client, fresh];
    clients.iter_mut().for_each(|client| client.ask("/echo/late"));
    if begun.elapsed() > IN_TIME {
        return false;
    }
    for client in &mut clients {
        let response = client.response();
        assert_eq!((response.text(), response.closes()), ("late", true));
    }
    drop(clients); // or the server would linger
    assert_eq!(server.join().unwrap().aborted, 0);
    true
}

pub fn requests_under_way_at_the_deadline_are_cut<B: Backend>(model: B) {
    let (asked, is_asked) = mpsc::channel();
    let handler = move |request: &Request<'_>| {
        asked.send(()).unwrap();
        match request.path() {
            "/collect" => Reply::collect(|_| "never"),
            _ => Reply::at(request.now().instant + Duration::from_secs(60), "never"),
        }
    };
    let server = server(model).spawn(handler).unwrap();
    let mut sleeping = Client::connect(server.address());
    sleeping.ask("/sleep");
    let mut sending = Client::connect(server.address());
    sending.send("POST /collect HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nha");
    (0..2).for_each(|_| is_asked.recv_timeout(SOON).unwrap());
    let start = Instant::now();
    let report = server.shutdown(Duration::from_millis(200)).unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "waited for what was to be cut");
    assert_eq!(report.aborted, 2);
    sleeping.expect_close();
    sending.expect_close();
}

pub fn a_second_shutdown_brings_the_deadline_forward<B: Backend>(model: B) {
    let (asked, is_asked) = mpsc::channel();
    let handler = move |request: &Request<'_>| {
        asked.send(()).unwrap();
        Reply::at(request.now().instant + Duration::from_secs(60), "never")
    };
    let server = server(model).spawn(handler).unwrap();
    let mut sleeping = Client::connect(server.address());
    sleeping.ask("/");
    is_asked.recv_timeout(SOON).unwrap();
    let start = Instant::now();
    server.shutdown_handle().shutdown(Duration::from_secs(60));
    server.shutdown_handle().shutdown(Duration::ZERO);
    assert_eq!(server.join().unwrap().aborted, 1);
    assert!(start.elapsed() < Duration::from_secs(5), "the second deadline was not taken");
    sleeping.expect_close();
}

pub fn work_that_does_not_end_is_abandoned_at_the_deadline<B: Backend>(model: B) {
    let (begun, has_begun) = mpsc::channel();
    let done = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&done);
    let handler = move |_: &Request<'_>| {
        let (begun, done) = (begun.clone(), Arc::clone(&done));
        Reply::blocking(move || {
            begun.send(()).unwrap();
            while !done.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(5));
            }
            "done"
        })
    };
    let server = server(model).spawn(handler).unwrap();
    let mut client = Client::connect(server.address());
    client.ask("/");
    has_begun.recv_timeout(SOON).unwrap();
    let start = Instant::now();
    let report = server.shutdown(Duration::from_millis(100)).unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "waited for work that does not end");
    assert_eq!(report.aborted, 1);
    client.expect_close();
    end.store(true, Ordering::Relaxed);
}

pub fn a_server_can_be_shut_down_before_it_runs<B: Backend>(model: B) {
    // The client goes only when the server has.
    let limits = Limits { linger_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = server(model).limits(limits);
    // In the kernel's queue already: it is still served.
    let mut client = Client::connect(server.address());
    client.ask("/");
    server.shutdown_handle().shutdown(SOON);
    let report = server.run(|_: &Request<'_>| "served").unwrap();
    assert_eq!(client.response().text(), "served");
    assert_eq!((report.connections, report.requests, report.aborted), (1, 1, 0));
}

pub fn a_connection_that_waits_for_room_is_served<B: Backend>(model: B) {
    let (server, _dir) = app_with(model, |server| server.max_connections(1));
    let mut inside = Client::connect(server.address());
    inside.ask("/sleep/300");
    thread::sleep(Duration::from_millis(100));
    let mut outside = Client::connect(server.address());
    outside.ask("/echo/outside");
    server.shutdown_handle().shutdown(SOON);
    assert_eq!(inside.response().text(), "slept for 300 ms\n");
    drop(inside);
    assert_eq!(outside.response().text(), "outside");
    drop(outside);
    assert_eq!(server.join().unwrap().aborted, 0);
}

pub fn a_client_that_never_pauses_is_cut_at_the_deadline<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    let mut writer = Client::connect(server.address());
    let mut reader = writer.stream.try_clone().unwrap();
    let requests = "GET /echo/x HTTP/1.1\r\nHost: test\r\n\r\n".repeat(200);
    let writing = thread::spawn(move || {
        // Until the server has had enough.
        while std::io::Write::write_all(&mut writer.stream, requests.as_bytes()).is_ok() {}
    });
    let reading = thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        while std::io::Read::read(&mut reader, &mut buffer).is_ok_and(|bytes| bytes > 0) {}
    });
    thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    server.shutdown(Duration::from_millis(200)).unwrap();
    assert!(start.elapsed() < SOON, "held up by a busy client");
    writing.join().unwrap();
    reading.join().unwrap();
}

pub fn a_protocol_that_ignores_shutdown_is_cut_at_the_deadline<B: Backend>(model: B) {
    let upgrade = |_: &Request<'_>| {
        Reply::upgrade(HeaderValue::from_static("trouble"), Response::ok(), Trouble)
    };
    let server = server(model).spawn(upgrade).unwrap();
    let mut client = Client::connect(server.address());
    assert_eq!(client.get("/").status, 101);
    let start = Instant::now();
    assert_eq!(server.shutdown(Duration::from_millis(200)).unwrap().aborted, 1);
    assert!(start.elapsed() < Duration::from_secs(5), "waited for what never ends");
    client.expect_close();
}

pub fn an_answer_that_is_not_acknowledged_is_not_cut<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    let mut client = Client::connect(server.address());
    client.ask("/sleep/200");
    server.shutdown_handle().shutdown(SOON);
    assert!(client.response().closes());
    client.expect_close();
    // The client keeps its side open, so the server lingers; and now its time is up.
    server.shutdown_handle().shutdown(Duration::ZERO);
    let report = server.join().unwrap();
    assert_eq!((report.requests, report.aborted), (1, 0));
}

pub fn a_deadline_without_end_is_taken<B: Backend>(model: B) {
    let (server, _dir) = app(model);
    server.shutdown_handle().shutdown(Duration::MAX);
    assert_eq!(server.join().unwrap().aborted, 0);
}
