//! The statistics of a running server, and the dashboard that shows them.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backend_common::{Backend, Limits, Open, Reply, Request, Response, Sample, Waits};
use protocol::Handler;
use protocol::http::HeaderValue;
use serde_json::Value;

use crate::client::{Client, eventually};
use crate::fixtures::{app, app_with, end, server};
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
    let limits = Limits { linger_timeout: Duration::from_secs(60), ..Limits::default() };
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
    assert_eq!((sample.max_connections, sample.max_work, sample.shutdown), (77, 7, None));

    let worked = worked_since.elapsed();
    release.send(()).unwrap();
    assert_eq!(worker.response().text(), "done");
    let (mut count, mut longest) = (0, Duration::ZERO);
    eventually("the latencies of all that have been answered are known", || {
        let latencies = watch.latencies();
        count += latencies.count;
        longest = longest.max(latencies.max);
        count == 4
    });
    assert!(longest >= worked, "{longest:?}");

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
    assert!(after.sent > told && after.received > 0 && after.shutdown.is_some(), "{after:?}");
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

const HANDSHAKE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// The page, and the feed behind it.
pub fn the_dashboard_tells_once_a_second<B: Backend>(model: B) {
    let (server, _dir) = app_with(model, |server| server.threads(8).max_work(9));
    let mut client = Client::connect(server.address());
    let page = client.get("/dashboard");
    assert_eq!(page.status, 200);
    assert!(page.head.contains("\r\ncontent-security-policy: default-src 'none'; "), "{page:?}");
    assert!(page.head.contains("script-src 'sha256-") && !page.head.contains("unsafe"), "{page:?}");
    assert!(page.head.contains("frame-ancestors 'none'\r\n"), "{page:?}");
    assert!(!page.text().contains("{{") && page.text().contains("/dashboard/live"));

    client.send(format!("GET /dashboard/live HTTP/1.1\r\nHost: test\r\n{HANDSHAKE}"));
    assert_eq!(client.response().status, 101);
    let hello = client.frame();
    assert_eq!((&hello["type"], &hello["max_work"]), (&"hello".into(), &9.into()));
    assert_eq!(hello["backend"], B::NAME);
    let first = client.frame();
    assert_eq!((&first["type"], &first["latency"]["count"]), (&"sample".into(), &0.into()));
    let mut other = Client::connect(server.address());
    assert_eq!(other.get("/sleep/20").status, 200);
    // A connection tells what it has done when it waits again: the upgrade is one of two.
    let asked = |sample: &Value| count(&sample["requests"]) - count(&first["requests"]);
    let mut slowest = 0.0_f64;
    let last = (1..20).find_map(|seconds| {
        let sample = client.frame();
        assert!(sample["at"].as_f64().unwrap() >= f64::from(seconds), "too early: {sample}");
        slowest = slowest.max(sample["latency"]["max"].as_f64().unwrap());
        (asked(&sample) == 2 && sample["open"]["idle"] == 1).then_some(sample)
    });
    let last = last.expect("the other has been answered, and waits");
    assert_eq!(last["open"]["upgraded"], 1);
    assert!(slowest >= 19_800.0, "{slowest} µs instead of 20 ms, to one part in 100");
    drop(client); // or its answer to the Close frame would be waited for
    end(server);
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

/// A page of somebody else's must not read what goes on here.
pub fn the_dashboard_is_for_pages_of_its_own<B: Backend>(model: B) {
    let (running, _dir) = app(model);
    for (origin, status) in [
        ("Origin: http://test:80\r\n", 101),
        ("Origin: https://TEST:80\r\n", 101),
        ("", 101), // no browser
        ("Origin: http://evil.example\r\n", 403),
        ("Origin: http://test:80.evil.example\r\n", 403),
        ("Origin: http://test:81\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Origin: test:80\r\n", 403),
        ("Origin: http://test:80\r\nOrigin: http://evil.example\r\n", 403),
    ] {
        let mut client = Client::connect(running.address());
        let request =
            format!("GET /dashboard/live HTTP/1.1\r\nHost: test:80\r\n{origin}{HANDSHAKE}");
        client.send(request);
        assert_eq!(client.response().status, status, "{origin}");
    }
    end(running);
    let server = server(model).spawn(::app::App::new("none", "none")).unwrap();
    for path in ["/dashboard", "/dashboard/live"] {
        assert_eq!(Client::connect(server.address()).get(path).status, 404, "{path}");
    }
    end(server);
}
