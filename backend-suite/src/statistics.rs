//! What a running server says of itself.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backend_common::{Backend, Limits, Open, Reply, Request, Response, Sample, Waits};
use protocol::Handler;
use protocol::http::HeaderValue;

use crate::client::{Client, eventually};
use crate::server;
use crate::serving::{Trouble, large};

const SOON: Duration = Duration::from_secs(5);

/// One connection for each thing that there is to wait for.
pub fn connections_are_seen_waiting<B: Backend>(model: B) {
    let (begun, has_begun) = channel();
    let (release, released) = channel::<()>();
    let shared = Arc::new(Mutex::new((begun, released)));
    let others = large();
    let handler = move |request: &Request<'_>| match request.path() {
        "/sleep" => Reply::at(request.now().instant + Duration::from_secs(60), "never"),
        "/close" => Response::text("closed").close().into(),
        "/body" => Reply::collect(|_| "never"),
        "/upgrade" => Reply::upgrade(HeaderValue::from_static("trouble"), Response::ok(), Trouble),
        "/work" => {
            let shared = Arc::clone(&shared);
            Reply::blocking(move || {
                let shared = shared.lock().unwrap();
                shared.0.send(()).unwrap();
                shared.1.recv().unwrap();
                "done"
            })
        }
        _ => others.handle(request),
    };
    let limits = Limits { linger: Duration::from_secs(60), ..Limits::default() };
    // The pool needs a thread for each connection that is open at once.
    let server = server(model).threads(16).limits(limits).max_work(7).max_connections(77);
    let statistics = server.statistics();
    let before = statistics.sample();
    assert_eq!((before.open, before.waits, before.connections), none());
    let server = server.spawn(handler).unwrap();
    let mut watch = statistics.watch();

    let mut idle = Client::connect(server.address());
    let answer = idle.get("/");
    let told = (answer.head.len() + answer.body.len()) as u64;
    eventually("one is idle, and all bytes are counted", || {
        let Sample { requests, received, sent, open, waits, .. } = statistics.sample();
        let asked = "GET / HTTP/1.1\r\nHost: test\r\n\r\n".len() as u64;
        (requests, received, sent) == (1, asked, told)
            && counts(open, waits) == "1.0.0.0.0.0 1.0.0.0"
    });

    let mut half_a_head = Client::connect(server.address());
    half_a_head.send("GET / HT");
    let mut half_a_body = Client::connect(server.address());
    half_a_body.send("POST /body HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345");
    let mut sleeper = Client::connect(server.address());
    sleeper.ask("/sleep");
    let mut worker = Client::connect(server.address());
    worker.ask("/work");
    has_begun.recv_timeout(SOON).unwrap();
    let worked_since = Instant::now();
    let mut deaf = Client::connect(server.address());
    deaf.ask("/large");
    let mut upgraded = Client::connect(server.address());
    assert_eq!(upgraded.get("/upgrade").status, 101);
    let mut lingering = Client::connect(server.address());
    assert!(lingering.get("/close").closes());
    eventually("each is seen in its wait", || {
        let Sample { open, waits, work, .. } = statistics.sample();
        counts(open, waits) == "1.2.2.1.1.1 5.1.1.1" && work == 1
    });
    let sample = statistics.sample();
    assert_eq!((sample.max_connections, sample.max_work, sample.stop), (77, 7, None));

    let worked = worked_since.elapsed();
    release.send(()).unwrap();
    assert_eq!(worker.response().text(), "done");
    let latencies = watch.latencies();
    assert_eq!(latencies.count, 4, "{latencies:?}");
    assert!(latencies.max >= worked && latencies.p50 <= latencies.max, "{latencies:?}");

    upgraded.send("boom");
    upgraded.expect_close();
    drop((idle, half_a_head, half_a_body, worker, deaf, lingering));
    eventually("all have gone but who sleeps", || {
        let Sample { open, waits, work, .. } = statistics.sample();
        counts(open, waits) == "0.0.1.0.0.0 0.0.1.0" && work == 0
    });
    drop(sleeper);
    let report = server.shutdown(Duration::ZERO).unwrap();
    eventually("nobody is left", || statistics.sample().open.all() == 0);
    let after = statistics.sample();
    assert_eq!(
        (after.open, after.waits, after.connections),
        (Open::default(), Waits::default(), 8)
    );
    // The two that broke off were refused.
    assert_eq!((after.requests, report.requests), (6, 6));
    assert!(after.sent > told && after.received > 0 && after.stop.is_some(), "{after:?}");
}

fn none() -> (Open, Waits, u64) {
    (Open::default(), Waits::default(), 0)
}

/// Idle, receiving, answering, sending, upgraded, closing; input, room, time, work.
fn counts(open: Open, waits: Waits) -> String {
    let Open { idle, receiving, answering, sending, upgraded, closing, .. } = open;
    let Waits { input, room, time, work, .. } = waits;
    format!(
        "{idle}.{receiving}.{answering}.{sending}.{upgraded}.{closing} {input}.{room}.{time}.{work}"
    )
}
