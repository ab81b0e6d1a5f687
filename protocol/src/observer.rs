//! What is told of requests: when each begins, and what became of it. For access logs, metrics and
//! traces.
//!
//! A connection without an observer pays one look at an `Option` for each call.

use std::fmt::Display;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::StatusCode;

use crate::clock::Now;
use crate::guard::catch_panic;
use crate::refusal::Refusal;
use crate::request::Request;

/// Is told what a server does. Its methods are called on the threads that drive connections, so
/// none may wait.
pub trait Observer: Send + Sync + 'static {
    /// The head of a request is complete; with `None` it was refused, and nothing of it is known.
    /// What is returned is called once, at the end of the request; without it nothing is measured.
    fn begin(&self, request: Option<&Request<'_>>) -> Option<Conclude>;

    /// A client, or one of its requests, is refused, or has not kept a time limit. `kind` is one of
    /// a few names: see [`Refusal::name`].
    fn refused(&self, _kind: &'static str, _why: &dyn Display) {}

    /// Work that was handed out has begun after so long in the queue.
    fn work_begun(&self, _waited: Duration) {}

    /// A deadline was met so late: how far a loop lags behind.
    fn deadline_met(&self, _late: Duration) {}
}

/// Is called with what became of a request.
pub type Conclude = Box<dyn FnOnce(&Summary) + Send>;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The address at the other end of the connection.
    pub peer: Option<SocketAddr>,
    /// The status of its response, unless it was cut before there was one.
    pub status: Option<StatusCode>,
    /// Content of the request that came, in bytes.
    pub received: u64,
    /// Content of the response that was sent, with chunk framing, in bytes. Under HTTP/2, and
    /// before an upgrade, sent is what has been handed on.
    pub sent: u64,
    /// From the complete head to the last byte sent.
    pub duration: Duration,
    /// How much of the duration was waiting.
    pub waited: Waited,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// Why it did not end in order, if it did not.
    pub cut: Option<Cut>,
}

/// How long a request waited, by what it waited for. The rest of its time it ran, or stood behind
/// others that did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    /// For more of its body.
    pub input: Duration,
    /// For the client to take the response.
    pub room: Duration,
    /// For a moment in time.
    pub time: Duration,
    /// For work done elsewhere.
    pub work: Duration,
}

/// Which of the waits a connection or a request is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// For input.
    Input,
    /// For room to send.
    Room,
    /// For a moment in time.
    Time,
    /// For work done elsewhere.
    Work,
}

/// Why a request did not end in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// The client has gone, or does not want the response any more.
    Client,
    /// The client did not take the response in time.
    Timeout,
    /// The shutdown deadline came first.
    Shutdown,
    /// The response could not be completed.
    Broken,
}

impl Cut {
    /// A word for logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Cut::Client => "client",
            Cut::Timeout => "timeout",
            Cut::Shutdown => "shutdown",
            Cut::Broken => "broken",
        }
    }
}

/// One request that is observed. Dropping it is its end: a cut one, unless
/// [`Observation::finish`] comes first.
pub struct Observation {
    conclude: Option<Conclude>,
    summary: Summary,
    begun: Instant,
    /// Up to when time has been accounted for, and what has been waited for since.
    since: Instant,
    waits_for: Option<WaitsFor>,
    /// Whether the driver has said that it waits.
    is_waiting: bool,
}

impl Observation {
    /// A request that has begun, on a connection with this peer.
    pub(crate) fn new(conclude: Conclude, peer: Option<SocketAddr>, now: Now) -> Self {
        let summary = Summary {
            peer,
            status: None,
            received: 0,
            sent: 0,
            duration: Duration::ZERO,
            waited: Waited::default(),
            refusal: None,
            cut: Some(Cut::Client),
        };
        let (begun, since) = (now.instant, now.instant);
        let conclude = Some(conclude);
        Observation { conclude, summary, begun, since, waits_for: None, is_waiting: false }
    }

    /// From now on the request waits for this, or runs.
    pub fn waits_for(&mut self, waits_for: Option<WaitsFor>) {
        self.waits_for = waits_for;
    }

    /// What has passed until now was spent in what [`Observation::waits_for`] says.
    pub fn pass(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        let waited = &mut self.summary.waited;
        match self.waits_for {
            Some(WaitsFor::Input) => waited.input += passed,
            Some(WaitsFor::Room) => waited.room += passed,
            Some(WaitsFor::Time) => waited.time += passed,
            Some(WaitsFor::Work) => waited.work += passed,
            None => {}
        }
        self.since = self.since.max(now);
        self.is_waiting = false;
    }

    /// What has passed until now was no waiting: the driver begins to wait only now, if it did not
    /// wait already.
    pub fn begin_wait(&mut self, now: Instant) {
        if !self.is_waiting {
            self.since = self.since.max(now);
            self.is_waiting = true;
        }
    }

    /// There is a response, of this status.
    pub fn respond(&mut self, status: StatusCode, refusal: Option<Refusal>) {
        (self.summary.status, self.summary.refusal) = (Some(status), refusal);
    }

    /// So much content of the request has come in all.
    pub fn received(&mut self, bytes: u64) {
        self.summary.received = bytes;
    }

    /// So much content of the response has been sent in all.
    pub fn sent(&mut self, bytes: u64) {
        self.summary.sent = bytes;
    }

    /// Unless it ends in order, it is because of this.
    pub fn cut(&mut self, cut: Cut) {
        self.summary.cut = Some(cut);
    }

    /// The last byte is sent.
    pub fn finish(mut self) {
        self.summary.cut = None;
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        self.summary.duration = self.since.saturating_duration_since(self.begun);
        if let Some(conclude) = self.conclude.take() {
            catch_panic(|| conclude(&self.summary));
        }
    }
}

impl std::fmt::Debug for Observation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observation").field("summary", &self.summary).finish_non_exhaustive()
    }
}
