//! The load generator: a [`Plan`] goes in, an [`Outcome`] comes out.
//!
//! # Map
//! * `plan`, `outcome`: the two ends.
//! * `schedule`, `traffic`: which request is sent when, and what is kept of it; without sockets and
//!   without a clock.
//! * `protocol`: what is spoken, without I/O: `http1` with its `template`, `http2`, `websocket`,
//!   `handshake`; what is right for a response is an `expectation`.
//! * `transport`, `tls`, `connection`: a socket, TLS on it, and a protocol over both.
//! * `worker`: a thread, which is one event loop; `board` is what threads share, `watch` calls the
//!   `observer`.
//! * `slow`: clients that take their time.
//!
//! # How exact it is
//! A thread reads the clock when it has waited, after each read from a socket, and before it waits.
//! The moment at which a response was complete is the one after the `recv` that brought its last
//! byte; the moment at which a request was sent is the last reading before its `send`, at most the
//! time that it takes to look at what was just received. Both are less than a microsecond for
//! responses of usual size. If many connections become ready together, the last of them waits for
//! those before it: that is in the latency, as in any generator's, and [`Outcome::busy`] shows
//! whether it matters.
//!
//! [`Outcome::busy`] is what remains of the time that counts when the waits are taken away: calls
//! of `epoll_wait` that were to wait, whole, and those that were not to, as shortly before a
//! scheduled request, if they found nothing. What the system takes from the thread while it works
//! is in it.
//!
//! In a closed loop a thread sleeps until there is something to do, and the server pays for waking
//! it. In an open loop of more than some 500 requests per second it never sleeps while it has a
//! connection that is free: it needs a core of its own.
//!
//! # Ports
//! A connection leaves its port unusable for a minute on the side that closes first. In HTTP/1.1
//! and with WebSocket that is the server. In HTTP/2, and after a mere handshake, it is the client;
//! Linux then lets loopback have the port again after a second, which is enough for some 28,000
//! connections per second. To another host they would run out, and be counted as not connected.

mod board;
mod clock;
mod connection;
mod expectation;
mod handshake;
mod http1;
mod http2;
mod observer;
mod outcome;
mod output;
mod plan;
mod protocol;
mod schedule;
mod slow;
mod template;
pub(crate) mod tls;
mod traffic;
mod transport;
mod watch;
mod websocket;
mod worker;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::thread::{CpuSet, sched_setaffinity};

use crate::load::board::Board;
use crate::load::expectation::Expectation;
use crate::load::handshake::Handshake;
use crate::load::http1::Http1;
use crate::load::http2::Http2;
use crate::load::observer::Observer;
use crate::load::protocol::Protocol;
use crate::load::slow::Slow;
use crate::load::tls::Tls;
use crate::load::traffic::Share;
use crate::load::watch::Watch;
use crate::load::websocket::WebSocket;
use crate::load::worker::Worker;

pub use observer::{Event, Next};
pub use outcome::{Outcome, SLICE, Slice, Trouble};
pub use plan::{Exchange, Pace, Plan, Request, Step};

/// Puts a load on a server and reports what came of it.
///
/// The observer is called on one of the generator's threads, promptly at each event; it should be
/// quick.
///
/// # Errors
/// If not even a first connection can be opened, or what is asked for makes no sense.
pub fn run(plan: &Plan, observer: &mut (dyn FnMut(Event) -> Next + Send)) -> io::Result<Outcome> {
    plan.check()?;
    let (under_way, authority) = (plan.pace.under_way(), plan.authority.as_str());
    match &plan.exchange {
        Exchange::Http1(request) => {
            let expectation = Arc::new(Expectation::of(request));
            let slow = http1::bytes_of(request, authority, true);
            beside(plan, Slow::new(plan.server, slow, plan.slow_connections), || {
                run_with(plan, b"http/1.1", observer, || {
                    Http1::new(request, authority, under_way, Arc::clone(&expectation))
                })
            })
        }
        Exchange::Http2(request) => {
            let expectation = Arc::new(Expectation::of(request));
            run_with(plan, b"h2", observer, || {
                Http2::new(request, authority, plan.tls, under_way, Arc::clone(&expectation))
            })
        }
        Exchange::WebSocket { target, message } => run_with(plan, b"http/1.1", observer, || {
            WebSocket::new(target, authority, message, under_way)
        }),
        Exchange::Handshake => run_with(plan, b"http/1.1", observer, || Handshake),
    }
}

/// Does something while slow clients are there.
fn beside<T>(plan: &Plan, mut slow: Slow, run: impl FnOnce() -> T) -> T {
    if slow.is_empty() {
        return run();
    }
    let is_over = AtomicBool::new(false);
    slow.connect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // If it may not be pinned, nor may the others, who say so.
            let _ = pin(plan, 0);
            slow.run(&is_over);
        });
        // Even if it panics, since the scope waits for its threads.
        let _over = Over(&is_over);
        run()
    })
}

/// Says that it is over, in the end.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs all threads, with a protocol for each.
fn run_with<P: Protocol + Send>(
    plan: &Plan,
    alpn: &[u8],
    observer: &mut Observer<'_>,
    protocol: impl Fn() -> P,
) -> io::Result<Outcome>
where
    P::Client: Send,
{
    let threads = plan.threads.min(plan.connections);
    let board = Board::new(threads);
    let tls = if plan.tls { Some(Tls::new(&plan.authority, alpn)?) } else { None };
    let budget = plan.max_requests.map(|max| Arc::new(AtomicU64::new(max)));
    let workers = (0..threads).map(|thread| {
        let share = Share { thread, threads, budget: budget.clone() };
        Worker::new(plan, &board, share, tls.clone(), protocol())
    });
    let workers: Vec<_> = workers.collect::<io::Result<_>>()?;
    let mut watch = Some(Watch::new(observer));
    let outcomes = std::thread::scope(|scope| {
        let running = workers.into_iter().enumerate().map(|(thread, worker)| {
            let watch = watch.take();
            scope.spawn(move || {
                let pinned = pin(plan, thread);
                worker.run(watch).and_then(|outcome| pinned.map(|()| outcome))
            })
        });
        let running: Vec<_> = running.collect();
        let joined = running.into_iter().map(|thread| match thread.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect::<io::Result<Vec<_>>>()
    })?;
    let mut sum = Outcome::nothing();
    outcomes.into_iter().for_each(|outcome| sum.merge(outcome));
    Ok(sum)
}

/// Keeps the calling thread on the core that the plan has for it.
fn pin(plan: &Plan, thread: usize) -> io::Result<()> {
    let Some(&core) = plan.cores.get(thread % plan.cores.len().max(1)) else { return Ok(()) };
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set)
        .map_err(|error| io::Error::new(error.kind(), format!("core {core}: {error}")))
}
