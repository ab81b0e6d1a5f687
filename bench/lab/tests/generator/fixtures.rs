//! Plans, and servers that follow a script.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use lab::load::{Exchange, Next, Outcome, Pace, Plan, Request, Step, run};

/// More than anything takes here, on however busy a machine.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn get(target: &str, expected: &[u8]) -> Request {
    Request {
        method: "GET".into(),
        target: target.into(),
        fields: Vec::new(),
        body: Vec::new(),
        status: 200,
        expected: Some(expected.to_vec()),
    }
}

pub(crate) fn closed_loop(under_way: usize) -> Pace {
    Pace::Closed { under_way }
}

pub(crate) fn open_loop(rate: f64) -> Pace {
    Pace::Open { steps: vec![Step { rate, duration: LONG }], under_way: 1 }
}

/// A closed loop that ends with its hundredth request.
pub(crate) fn plan(server: SocketAddr, exchange: Exchange) -> Plan {
    Plan {
        server,
        authority: "localhost".into(),
        tls: false,
        exchange,
        connections: 4,
        threads: 1,
        cores: Vec::new(),
        pace: closed_loop(1),
        requests_per_connection: None,
        slow_connections: 0,
        warm_up: Duration::ZERO,
        duration: LONG,
        max_requests: Some(100),
        timeout: LONG,
    }
}

pub(crate) fn outcome(plan: &Plan) -> Outcome {
    let seen = run(plan, &mut |_| Next::Go).expect("the server is there");
    assert!(plan.max_requests.is_none() || seen.elapsed < LONG, "a request was lost");
    seen
}

/// The outcome, if nothing went wrong in it.
pub(crate) fn flawless(plan: &Plan) -> Outcome {
    let outcome = outcome(plan);
    assert_eq!(outcome.first_wrong, None);
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    assert!(!outcome.interrupted);
    outcome
}

pub(crate) const RIGHT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// What a server does about a request.
pub(crate) enum Act {
    /// Says this.
    Say(String),
    /// Says this, a byte at a time.
    Trickle(String),
    /// Says this and closes.
    Part(String),
    /// Says nothing, and goes on to read.
    Ignore,
}

/// A server that answers requests without a body as a script says, by their number over all
/// connections, from 0.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    /// Requests that it has read.
    pub(crate) requests: Arc<AtomicUsize>,
    /// Connections that it has accepted.
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Scripted {
    pub(crate) fn start(script: impl Fn(usize) -> Act + Send + Sync + 'static) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let (requests, connections) =
            (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (counter, accepted) = (Arc::clone(&requests), Arc::clone(&connections));
        let script = Arc::new(script);
        // It ends with the test.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                accepted.fetch_add(1, Ordering::Relaxed);
                let (script, counter) = (Arc::clone(&script), Arc::clone(&counter));
                thread::spawn(move || serve(stream, &*script, &counter));
            }
        });
        Scripted { address, requests, connections }
    }

    pub(crate) fn plan(&self) -> Plan {
        plan(self.address, Exchange::Http1(get("/", b"hello")))
    }
}

/// Serves a connection until it ends, or the script ends it.
fn serve(mut stream: TcpStream, script: &impl Fn(usize) -> Act, counter: &AtomicUsize) {
    stream.set_nodelay(true).expect("it is connected");
    while let Some(head) = read_head(&mut stream) {
        let said = match script(counter.fetch_add(1, Ordering::Relaxed)) {
            Act::Say(text) => stream.write_all(text.as_bytes()),
            Act::Trickle(text) => text.bytes().try_for_each(|byte| stream.write_all(&[byte])),
            Act::Part(text) => {
                // It closes in any case.
                let _ = stream.write_all(text.as_bytes());
                return;
            }
            Act::Ignore => Ok(()),
        };
        if said.is_err() || head.contains("Connection: close") {
            return;
        }
    }
}

fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}
