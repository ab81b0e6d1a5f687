//! What clients saw of a server under load.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

/// What came of a [`Plan`](super::Plan), in the time that counted.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Responses, complete and right, that were complete within the time that counts.
    pub requests: u64,
    /// How long was counted.
    pub elapsed: Duration,
    /// Latencies in nanoseconds, to three digits: in an open loop from the scheduled moment, in a
    /// closed one from the moment at which the request was handed to the kernel; if it had to open
    /// a connection, that is part of it. In an open loop these are the latencies of all requests
    /// that were scheduled within the time that counts, whenever they were answered. One that
    /// timed out is among them, with the time after which it was given up: it took no less.
    pub latency: Histogram<u64>,
    /// In an open loop, latencies from the moment at which a request was sent: what a generator
    /// that forgets the schedule would have shown. Empty in a closed loop.
    pub latency_from_sending: Histogram<u64>,
    /// Requests that the schedule had, in an open loop.
    pub scheduled: Option<u64>,
    /// What went wrong, and how often.
    pub errors: BTreeMap<Trouble, u64>,
    /// The first wrong response: what was wrong, for a reader.
    pub first_wrong: Option<String>,
    /// Connections that were opened, before the time that counts as well.
    pub connects: u64,
    /// Bytes from the server.
    pub received: u64,
    /// Bytes to the server.
    pub sent: u64,
    /// How long the generator's threads worked, rather than waited or looked around for work.
    pub busy: Duration,
    /// Responses in each [`SLICE`] of the time that counted, and the longest latency in it.
    pub slices: Vec<Slice>,
    /// Whether the run was interrupted, so that this is only a part.
    pub interrupted: bool,
}

/// How long a slice of [`Outcome::slices`] is.
pub const SLICE: Duration = Duration::from_millis(10);

/// A short part of the time that counted.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Slice {
    /// Responses that were complete in it.
    pub requests: u64,
    /// The longest latency among them, in nanoseconds.
    pub longest: u64,
}

/// What can go wrong with a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Trouble {
    /// The connection could not be opened.
    Connect,
    /// The connection ended in the middle.
    Closed,
    /// It took longer than [`Plan::timeout`](super::Plan::timeout).
    Timeout,
    /// The response was not the right one.
    Wrong,
}

impl Outcome {
    /// Responses per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Requests under way on average, by Little's law: rate times mean latency.
    #[must_use]
    pub fn under_way(&self) -> f64 {
        self.rate() * self.latency.mean() / 1e9
    }

    /// How much more the generator could have done: 2 if it worked half of the time.
    #[must_use]
    pub fn headroom(&self, threads: usize) -> f64 {
        let available = self.elapsed.as_secs_f64() * threads as f64;
        available / self.busy.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// The longest latency that is told from a longer one: an hour.
const LONGEST: u64 = 3_600_000_000_000;

impl Outcome {
    /// Before anything has happened.
    pub(super) fn nothing() -> Self {
        Outcome {
            requests: 0,
            elapsed: Duration::ZERO,
            latency: latencies(),
            latency_from_sending: latencies(),
            scheduled: None,
            errors: BTreeMap::new(),
            first_wrong: None,
            connects: 0,
            received: 0,
            sent: 0,
            busy: Duration::ZERO,
            slices: Vec::new(),
            interrupted: false,
        }
    }

    /// Adds what another thread saw in the same time.
    pub(super) fn merge(&mut self, other: Outcome) {
        self.requests += other.requests;
        self.elapsed = self.elapsed.max(other.elapsed);
        // Both have the same bounds.
        self.latency.add(other.latency).expect("histograms are alike");
        self.latency_from_sending.add(other.latency_from_sending).expect("histograms are alike");
        self.scheduled =
            self.scheduled.max(other.scheduled.map(|own| own + self.scheduled.unwrap_or(0)));
        for (trouble, times) in other.errors {
            *self.errors.entry(trouble).or_default() += times;
        }
        self.first_wrong = self.first_wrong.take().or(other.first_wrong);
        self.connects += other.connects;
        self.received += other.received;
        self.sent += other.sent;
        self.busy += other.busy;
        self.slices.resize(self.slices.len().max(other.slices.len()), Slice::default());
        for (slice, other) in self.slices.iter_mut().zip(other.slices) {
            slice.requests += other.requests;
            slice.longest = slice.longest.max(other.longest);
        }
        self.interrupted |= other.interrupted;
    }
}

fn latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are right")
}
