//! What a running server does: how many connections are open and what each waits for, and how much
//! has come and gone.
//!
//! Each connection has a [`Cell`] to which it alone writes, so that keeping count costs it a few
//! plain stores and no other connection anything. A sample walks over all of them; that is once a
//! second, and a request is a hundred thousand times as often.
//!
//! ```text
//! Session ── Counters ── stores ──► Cell ◄── loads ── Statistics::sample
//!              │                  ▲
//!              └── enters, leaves ┴ Registry, which adds up those that have ended
//! ```

pub(crate) mod latency;

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

use protocol::{Conclude, Observer, Request, WaitsFor};
use slab::Slab;

use crate::admission::Admission;
use crate::by_address::ByAddress;
use crate::over_limit::OverLimit;
use crate::shutdown::ShutdownSignal;
use crate::statistics::latency::{Recorder, Watch};

/// The statistics of one server, before, while and after it runs. A clone is another view of the
/// same.
///
/// ```
/// use backend_common::{Sample, Statistics};
/// use std::{thread, time::Duration};
///
/// /// Requests per second, and how many connections wait for a slow handler.
/// fn watch(statistics: &Statistics) -> (f64, u64) {
///     let before: Sample = statistics.sample();
///     thread::sleep(Duration::from_millis(10));
///     let after = statistics.sample();
///     let answered = (after.requests - before.requests) as f64;
///     (answered / (after.at - before.at).as_secs_f64(), after.waits.work)
/// }
/// # let _ = watch;
/// ```
#[derive(Clone)]
pub struct Statistics {
    shared: Arc<Shared>,
}

struct Shared {
    shutdown: Arc<ShutdownSignal>,
    /// Once the server runs.
    admission: OnceLock<Arc<Admission>>,
    /// Then, if connections of each client are bounded.
    by_address: OnceLock<Arc<ByAddress>>,
    requests_over_limit: Mutex<OverLimit>,
    registry: Mutex<Registry>,
    recorder: Arc<Recorder>,
    told: Arc<Told>,
}

/// Is told of the requests of all connections, and passes on what somebody wants to know.
struct Told {
    recorder: Arc<Recorder>,
    /// It may hold these statistics itself, so it is the server's, for as long as that runs.
    observer: OnceLock<Weak<dyn Observer>>,
}

impl Told {
    fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.observer.get()?.upgrade()
    }
}

impl Observer for Told {
    fn begin(&self, request: Option<&Request<'_>>) -> Option<Conclude> {
        let observed = self.observer().and_then(|observer| observer.begin(request));
        if !self.recorder.is_watched() {
            return observed;
        }
        let recorder = Arc::clone(&self.recorder);
        Some(Box::new(move |summary| {
            if summary.cut.is_none() {
                recorder.add(summary.duration);
            }
            observed.into_iter().for_each(|conclude| conclude(summary));
        }))
    }
}

/// All connections. Locked when one comes or goes, and for a sample.
#[derive(Default)]
struct Registry {
    open: Slab<Arc<Cell>>,
    connections: u64,
    aborted: u64,
    /// The sums over those that have ended.
    ended: Totals,
}

/// What adds up.
#[derive(Clone, Copy, Default)]
struct Totals {
    requests: u64,
    received: u64,
    sent: u64,
}

/// What one connection says of itself, and only it. It is aligned to a line of the processor's
/// cache, so that connections that write to neighbours do not disturb each other.
#[repr(align(64))]
#[derive(Default)]
struct Cell {
    /// [`State`] and [`WaitsFor`], as [`pack`] has them.
    doing: AtomicU8,
    requests: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
}

/// How far a connection is with its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Idle,
    Receiving,
    Answering,
    Sending,
    Upgraded,
    Closing,
}

/// A server at one moment. Rates are differences between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// The moment.
    pub at: Instant,
    /// Connections accepted so far.
    pub connections: u64,
    /// Requests answered so far, refusals included.
    pub requests: u64,
    /// Connections closed so far because their client had as many as it may have.
    pub connections_over_limit: u64,
    /// Requests refused so far because their client had sent as many as it may send.
    pub requests_over_limit: u64,
    /// Bytes that have come so far; over TLS those of its records.
    pub received: u64,
    /// Bytes that have been handed to the operating system so far.
    pub sent: u64,
    /// Connections that are open now.
    pub open: Open,
    /// What they wait for.
    pub waits: Waits,
    /// Pieces of work that run or wait to.
    pub work: u64,
    /// Most connections at once; 0 before the server runs.
    pub max_connections: u64,
    /// Most pieces of work; 0 before the server runs.
    pub max_work: u64,
    /// The shutdown deadline, once shutdown has begun. This is the fifth wait, the same for all.
    pub shutdown: Option<Instant>,
}

/// Open connections, by how far each is with its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Open {
    /// No request is under way.
    pub idle: u64,
    /// A request has begun to come, and is not complete.
    pub receiving: u64,
    /// An answer is owed and not there: work is being done, or its moment has yet to come.
    pub answering: u64,
    /// There is something to send.
    pub sending: u64,
    /// Another protocol has taken over.
    pub upgraded: u64,
    /// Everything has been sent; the client has yet to close.
    pub closing: u64,
}

impl Open {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> u64 {
        let Open { idle, receiving, answering, sending, upgraded, closing } = self;
        idle + receiving + answering + sending + upgraded + closing
    }
}

/// Open connections, by what each waits for. Most wait for several things at once, as for input and
/// for the end of its time; each is counted once, under the first of these that is true of it:
/// there is something to send (room), work is being done for it (work), input is wanted (input),
/// nothing is left but its deadline (time).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waits {
    /// For input.
    pub input: u64,
    /// For room to send.
    pub room: u64,
    /// For a moment in time.
    pub time: u64,
    /// For work done elsewhere.
    pub work: u64,
}

/// What a server has done, when it has shut down.
///
/// ```
/// use backend_common::Report;
///
/// fn log(report: Report) {
///     println!("{report}"); // 21 requests on 7 connections, 0 aborted
///     if report.aborted > 0 {
///         eprintln!("{} requests took longer than the shutdown", report.aborted);
///     }
/// }
/// # log(Report::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Connections accepted.
    pub connections: u64,
    /// Requests answered, refusals included.
    pub requests: u64,
    /// Connections with a request under way that were aborted at the shutdown deadline.
    pub aborted: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { connections, requests, aborted } = self;
        write!(f, "{requests} requests on {connections} connections, {aborted} aborted")
    }
}

impl Statistics {
    pub(crate) fn new(shutdown: Arc<ShutdownSignal>) -> Self {
        let recorder = Arc::new(Recorder::default());
        let told = Told { recorder: Arc::clone(&recorder), observer: OnceLock::new() };
        let (admission, registry) = (OnceLock::new(), Mutex::default());
        Statistics {
            shared: Arc::new(Shared {
                shutdown,
                admission,
                by_address: OnceLock::new(),
                requests_over_limit: Mutex::default(),
                registry,
                recorder,
                told: Arc::new(told),
            }),
        }
    }

    /// The server runs, within these bounds.
    pub(crate) fn begin(&self, admission: Arc<Admission>, by_address: Option<Arc<ByAddress>>) {
        let _ = self.shared.admission.set(admission); // a server runs once
        let _ = by_address.map(|by_address| self.shared.by_address.set(by_address));
    }

    /// Counts a request that is refused because its client has sent as many as it may send. The log
    /// says so, once a second at most.
    pub fn count_request_over_limit(&self, client: IpAddr) {
        self.requests_over_limit().request(client.to_canonical());
    }

    fn requests_over_limit(&self) -> MutexGuard<'_, OverLimit> {
        self.shared.requests_over_limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more connection.
    pub(crate) fn enter(&self) -> Counters {
        let cell = Arc::new(Cell::default());
        let mut registry = self.shared.registry();
        registry.connections += 1;
        let key = registry.open.insert(Arc::clone(&cell));
        Counters { statistics: self.clone(), key, cell }
    }

    /// From now on this observer is told of requests too. There is one at most.
    pub(crate) fn observe(&self, observer: &Arc<dyn Observer>) {
        let _ = self.shared.told.observer.set(Arc::downgrade(observer));
    }

    /// Who is to be told of requests.
    pub(crate) fn told(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.shared.told) as Arc<dyn Observer>
    }

    /// The observer that somebody has asked for.
    pub(crate) fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.shared.told.observer()
    }

    /// What the server has done. So many connections `remain` although they should have ended.
    pub(crate) fn report(&self, remaining: u64) -> Report {
        let registry = self.shared.registry();
        let requests = registry.totals().requests;
        Report {
            connections: registry.connections,
            requests,
            aborted: registry.aborted + remaining,
        }
    }

    /// The server at this moment. Looks at every open connection, some ten nanoseconds at each.
    #[must_use]
    pub fn sample(&self) -> Sample {
        let admission = self.shared.admission.get();
        let bound = |of: fn(&Admission) -> usize| admission.map_or(0, |it| of(it) as u64);
        let registry = self.shared.registry();
        let Totals { requests, received, sent } = registry.totals();
        let (open, waits) = registry.doing();
        Sample {
            at: Instant::now(),
            connections: registry.connections,
            requests,
            connections_over_limit: self.shared.by_address.get().map_or(0, |it| it.refused()),
            requests_over_limit: self.requests_over_limit().refused(),
            received,
            sent,
            open,
            waits,
            work: bound(Admission::work),
            max_connections: bound(Admission::max_connections),
            max_work: bound(Admission::max_work),
            shutdown: self.shared.shutdown.deadline(),
        }
    }

    /// Has latencies recorded for as long as the watch is kept. Nothing is recorded while there is
    /// none.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Recorder::watch(&self.shared.recorder)
    }
}

impl fmt::Debug for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statistics").finish_non_exhaustive()
    }
}

impl Shared {
    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    fn totals(&self) -> Totals {
        self.open.iter().fold(self.ended, |sum, (_, cell)| sum.and(cell.totals()))
    }

    fn doing(&self) -> (Open, Waits) {
        let (mut open, mut waits) = ([0; 6], [0; 4]);
        for (_, cell) in &self.open {
            let (state, wait) = unpack(cell.doing.load(Ordering::Relaxed));
            open[state] += 1;
            waits[wait] += 1;
        }
        let [idle, receiving, answering, sending, upgraded, closing] = open;
        let [input, room, time, work] = waits;
        (
            Open { idle, receiving, answering, sending, upgraded, closing },
            Waits { input, room, time, work },
        )
    }
}

impl Totals {
    fn and(self, more: Totals) -> Self {
        Totals {
            requests: self.requests + more.requests,
            received: self.received + more.received,
            sent: self.sent + more.sent,
        }
    }
}

impl Cell {
    fn totals(&self) -> Totals {
        Totals {
            requests: self.requests.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
        }
    }
}

/// Both in one byte, so that they are always seen together.
fn pack(state: State, waits_for: WaitsFor) -> u8 {
    (state as u8) << 2 | waits_for as u8
}

fn unpack(doing: u8) -> (usize, usize) {
    (usize::from(doing >> 2), usize::from(doing & 3))
}

/// Where one connection keeps count. Dropping it means that the connection has ended.
pub(crate) struct Counters {
    statistics: Statistics,
    key: usize,
    cell: Arc<Cell>,
}

impl Counters {
    pub(crate) fn received(&self, bytes: usize) {
        add(&self.cell.received, bytes as u64);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        add(&self.cell.sent, bytes as u64);
    }

    /// So many requests have been answered by now.
    pub(crate) fn served(&self, requests: u64) {
        self.cell.requests.store(requests, Ordering::Relaxed);
    }

    pub(crate) fn does(&self, state: State, waits_for: WaitsFor) {
        self.cell.doing.store(pack(state, waits_for), Ordering::Relaxed);
    }

    /// The connection was aborted with a request under way.
    pub(crate) fn aborted(&self) {
        self.statistics.shared.registry().aborted += 1;
    }
}

/// Adds to a counter. Only one thread writes to it, so this need not be one atomic operation, which
/// would cost ten times as much.
fn add(counter: &AtomicU64, more: u64) {
    counter.store(counter.load(Ordering::Relaxed) + more, Ordering::Relaxed);
}

impl Drop for Counters {
    fn drop(&mut self) {
        let mut registry = self.statistics.shared.registry();
        registry.ended = registry.ended.and(self.cell.totals());
        registry.open.remove(self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistics() -> Statistics {
        Statistics::new(Arc::default())
    }

    #[test]
    fn an_observer_that_looks_at_the_statistics_does_not_keep_them_forever() {
        struct Looks(#[expect(dead_code, reason = "it only holds them")] Statistics);
        impl Observer for Looks {
            fn begin(&self, _: Option<&Request<'_>>) -> Option<Conclude> {
                None
            }
        }
        let statistics = statistics();
        let observer: Arc<dyn Observer> = Arc::new(Looks(statistics.clone()));
        statistics.observe(&observer);
        let (shared, observed) = (Arc::downgrade(&statistics.shared), Arc::downgrade(&observer));
        assert!(statistics.observer().is_some());
        drop(observer);
        assert!(statistics.observer().is_none() && observed.upgrade().is_none());
        drop(statistics);
        assert!(shared.upgrade().is_none());
    }

    #[test]
    fn totals_survive_departures_and_counts_return_to_zero() {
        let statistics = statistics();
        let [first, second] = [statistics.enter(), statistics.enter()];
        first.received(10);
        first.received(5);
        first.sent(7);
        first.served(3);
        second.sent(100);
        second.does(State::Sending, WaitsFor::Room);
        let sample = statistics.sample();
        assert_eq!((sample.open.idle, sample.open.sending, sample.open.all()), (1, 1, 2));
        assert_eq!((sample.waits.input, sample.waits.room), (1, 1));
        let totals =
            |sample: Sample| [sample.connections, sample.requests, sample.received, sample.sent];
        assert_eq!(totals(sample), [2, 3, 15, 107]);

        drop(first);
        let third = statistics.enter(); // in the place of the first
        third.received(1);
        assert_eq!(totals(statistics.sample()), [3, 3, 16, 107]);
        second.aborted();
        drop((second, third));
        let sample = statistics.sample();
        assert_eq!((sample.open, sample.waits), (Open::default(), Waits::default()));
        assert_eq!(totals(sample), [3, 3, 16, 107]);
        let report = statistics.report(1);
        assert_eq!((report.connections, report.requests, report.aborted), (3, 3, 2));
    }

    #[test]
    fn every_state_and_every_wait_is_counted_as_itself() {
        use State::{Answering, Closing, Idle, Receiving, Sending, Upgraded};
        use WaitsFor::{Input, Room, Time, Work};
        let statistics = statistics();
        let counters = statistics.enter();
        let seen = |state, waits_for| {
            counters.does(state, waits_for);
            let Sample { open, waits, .. } = statistics.sample();
            let Open { idle, receiving, answering, sending, upgraded, closing } = open;
            let Waits { input, room, time, work } = waits;
            let states = [idle, receiving, answering, sending, upgraded, closing];
            (states, [input, room, time, work])
        };
        for (at, state) in
            [Idle, Receiving, Answering, Sending, Upgraded, Closing].into_iter().enumerate()
        {
            for (wait, waits_for) in [Input, Room, Time, Work].into_iter().enumerate() {
                let (mut states, mut waits) = ([0; 6], [0; 4]);
                (states[at], waits[wait]) = (1, 1);
                assert_eq!(seen(state, waits_for), (states, waits), "{state:?} {waits_for:?}");
            }
        }
    }

    #[test]
    fn bounds_work_and_shutdown_are_those_of_the_server() {
        let shutdown = Arc::<ShutdownSignal>::default();
        let statistics = Statistics::new(Arc::clone(&shutdown));
        let sample = statistics.sample();
        assert_eq!((sample.max_connections, sample.max_work, sample.shutdown), (0, 0, None));
        let admission = Arc::new(Admission::new(5, 2));
        statistics.begin(Arc::clone(&admission), None);
        let slot = admission.admit().unwrap();
        let permit = slot.begin_work();
        let sample = statistics.sample();
        assert_eq!((sample.max_connections, sample.max_work, sample.work), (5, 2, 1));
        assert_eq!(sample.open.all(), 0, "a place that no connection has taken yet");
        drop(permit);
        shutdown.begin(Instant::now());
        let sample = statistics.sample();
        assert_eq!((sample.work, sample.shutdown), (0, shutdown.deadline()));
    }
}
