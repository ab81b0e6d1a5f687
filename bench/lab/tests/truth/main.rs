//! The generator against the truth, over real sockets: a server that keeps it.
//!
//! The server answers one request after the other, and notes when it releases each answer. Since
//! the schedule is known, so is how long each request really took: from the moment at which it was
//! due until its answer was released. So it does not matter whether the server itself is held up;
//! only what holds up the generator does, and what carries a few bytes over loopback. That is why
//! this wants a machine with nothing else to do. (What it shows exactly, and anywhere, is shown in
//! virtual time, in `load/traffic/tests.rs`.) So it is not among the tests that `cargo test` runs,
//! but `cargo test -p lab --test truth -- --test-threads 1` does.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../generator/fixtures.rs"]
mod fixtures;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lab::load::{Event, Exchange, Next, Outcome, Plan, run};

use crate::fixtures::{LONG, RIGHT, closed_loop, get, open_loop, plan};

const RATE: f64 = 2_000.0;
const MILLISECOND: Duration = Duration::from_millis(1);

/// How long a request takes: given its number, and the time since the first. `None`: forever.
type Work = fn(usize, Duration) -> Option<Duration>;

/// A server on a thread that never sleeps.
struct Server {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    /// Gives the moments at which answers were released; `None` for those that were not.
    thread: JoinHandle<Vec<Option<Instant>>>,
}

impl Server {
    fn start(work: Work) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let is_over = Arc::<AtomicBool>::default();
        let thread = thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || serve(&listener, work, &is_over)
        });
        Server { address, is_over, thread }
    }

    fn stop(self) -> Vec<Option<Instant>> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn serve(listener: &TcpListener, work: Work, is_over: &AtomicBool) -> Vec<Option<Instant>> {
    let mut clients: Vec<TcpStream> = Vec::new();
    let (mut releases, mut first) = (Vec::new(), None);
    while !is_over.load(Ordering::Relaxed) {
        if let Ok((client, _)) = listener.accept() {
            client.set_nonblocking(true).unwrap();
            client.set_nodelay(true).unwrap();
            clients.push(client);
        }
        clients.retain_mut(|client| match client.read(&mut [0; 1024]) {
            // Requests are short, and there is one at a time.
            Ok(1..) => {
                let begin = Instant::now();
                let since = begin - *first.get_or_insert(begin);
                let release = work(releases.len(), since).map(|takes| spin_until(begin + takes));
                releases.push(release);
                release.is_none_or(|_| client.write_all(RIGHT.as_bytes()).is_ok())
            }
            Err(error) => error.kind() == ErrorKind::WouldBlock,
            Ok(0) => false,
        });
    }
    releases
}

fn spin_until(moment: Instant) -> Instant {
    loop {
        let now = Instant::now();
        if now >= moment {
            return now;
        }
        std::hint::spin_loop();
    }
}

/// What the generator saw, and how long each request that was due really took, sorted.
fn measure(work: Work, timeout: Duration) -> (Outcome, Vec<Duration>) {
    let server = Server::start(work);
    let plan = Plan {
        connections: 64,
        pace: open_loop(RATE),
        duration: Duration::from_secs(3),
        max_requests: None,
        timeout,
        ..plan(server.address, Exchange::Http1(get("/", b"hello")))
    };
    let mut begun = None;
    let seen = run(&plan, &mut |event| {
        if event == Event::Begun {
            begun = Some(Instant::now());
        }
        Next::Go
    });
    let (releases, begun) = (server.stop(), begun.unwrap());
    let took = releases.iter().enumerate().map(|(number, release)| {
        let due = begun + Duration::from_secs_f64(number as f64 / RATE);
        release.map_or(timeout, |release| release.saturating_duration_since(due))
    });
    let mut truth: Vec<_> = took.collect();
    truth.sort_unstable();
    (seen.unwrap(), truth)
}

fn closed(work: Work) -> Outcome {
    let server = Server::start(work);
    let plan = Plan {
        pace: closed_loop(1),
        duration: Duration::from_secs(3),
        max_requests: None,
        timeout: MILLISECOND * 200,
        ..plan(server.address, Exchange::Http1(get("/", b"hello")))
    };
    let seen = run(&plan, &mut |_| Next::Go).unwrap();
    server.stop();
    seen
}

/// The percentiles at which what was seen is further from the truth than 2 % or 20 µs, as lines.
fn differences(seen: &Outcome, truth: &[Duration], closed: &Outcome) -> (String, bool) {
    let (mut lines, mut is_near) = (String::new(), true);
    for quantile in [0.5, 0.9, 0.95, 0.99, 0.999] {
        let rank = (truth.len() as f64 * quantile).ceil() as usize;
        let truth = truth[rank.max(1) - 1];
        let of =
            |outcome: &Outcome| Duration::from_nanos(outcome.latency.value_at_quantile(quantile));
        let seen = of(seen);
        let tolerance = (truth / 50).max(Duration::from_micros(20));
        is_near &= seen.abs_diff(truth) <= tolerance;
        let percent = quantile * 100.0;
        lines += &format!("  p{percent}: {truth:?}, seen {seen:?}, closed loop {:?}\n", of(closed));
    }
    (lines, is_near)
}

/// A mistake of the generator is there each time; what disturbs it is not.
fn check(name: &str, work: Work) {
    const ATTEMPTS: usize = 5;
    let closed = closed(work);
    let mut all = String::new();
    for attempt in 1..=ATTEMPTS {
        let (seen, truth) = measure(work, LONG);
        assert_eq!(seen.latency.len() as usize, truth.len());
        assert!(seen.errors.is_empty(), "{:?}", seen.errors);
        let (lines, is_near) = differences(&seen, &truth, &closed);
        all += &format!("{name}, attempt {attempt}:\n{lines}");
        if is_near {
            println!("{all}");
            return;
        }
    }
    panic!("further from the truth than 2 % or 20 µs, {ATTEMPTS} times:\n{all}");
}

#[test]
fn percentiles_are_the_truth_whatever_the_server_does() {
    check("exponential", |number, _| {
        let quantile = (number as f64 * 0.618_033_988_749_894_9).fract();
        Some(Duration::from_secs_f64(-(1.0 - quantile).ln() * 1e-4))
    });
    check("pause", |number, _| {
        Some(if number == 2_000 { MILLISECOND * 300 } else { MILLISECOND / 10 })
    });
    check("slow start", |number, _| {
        Some(if number < 300 { MILLISECOND } else { MILLISECOND / 10 })
    });
    check("periodic stall", |_, since| {
        let phase = since.as_nanos() as u64 % 100_000_000;
        Some(Duration::from_nanos(10_000_000_u64.saturating_sub(phase)) + MILLISECOND / 20)
    });
    check("head of line", |number, _| {
        Some(if number % 200 == 199 { MILLISECOND * 20 } else { MILLISECOND / 10 })
    });
}

/// One in fifty is never answered. How long it took is known to a tenth of the timeout.
#[test]
fn requests_that_are_dropped_are_among_the_slowest() {
    let timeout = MILLISECOND * 200;
    let work: Work = |number, _| (number % 50 != 49).then_some(MILLISECOND / 10);
    let (seen, truth) = measure(work, timeout);
    assert_eq!(seen.latency.len() as usize, truth.len());
    let at = |quantile| Duration::from_nanos(seen.latency.value_at_quantile(quantile));
    println!("p50 {:?}, p97 {:?}, p99 {:?}", at(0.5), at(0.97), at(0.99));
    assert!((timeout..timeout * 5 / 4).contains(&at(0.99)), "{:?}", at(0.99));
    assert!(at(0.5) < timeout);
}
