//! What load is put on a server, as data.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A load: who is asked what, by how many, how fast, and for how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server.
    pub server: SocketAddr,
    /// The server's name and port: the `Host` field, `:authority`, and the name asked for in TLS.
    pub authority: String,
    /// Whether TLS is spoken. No certificate is looked at: what is measured is not whom one trusts.
    pub tls: bool,
    /// What one request is, and what has to come back.
    pub exchange: Exchange,
    /// Connections that are open at once.
    pub connections: usize,
    /// Threads of the generator. Connections are divided among them.
    pub threads: usize,
    /// The core on which each thread is to run, in turn; none leaves it to the system.
    pub cores: Vec<usize>,
    /// When requests are sent.
    pub pace: Pace,
    /// How many requests a connection is used for, before it is closed and another opened; `None`
    /// keeps it. The last request says `Connection: close`, so that the server closes first.
    pub requests_per_connection: Option<u64>,
    /// Connections besides, on which a request comes a byte at a time and the response is read as
    /// slowly. They count for nothing but as a burden on the server.
    pub slow_connections: usize,
    /// How long the load is on before anything is counted.
    pub warm_up: Duration,
    /// How long is counted.
    pub duration: Duration,
    /// The most requests that are counted; the run ends earlier with the last of them.
    pub max_requests: Option<u64>,
    /// How long a request may take before it counts as failed, and its connection is given up.
    pub timeout: Duration,
}

/// When requests are sent.
#[derive(Clone, PartialEq, Debug)]
pub enum Pace {
    /// Each connection asks again when it has been answered, with so many requests under way.
    Closed {
        /// Requests under way on each connection: in a pipeline, or as streams of HTTP/2.
        under_way: usize,
    },
    /// A schedule that does not look at the responses. Latency counts from the moment at which a
    /// request was scheduled, even if no connection was free then.
    Open {
        /// Requests per second, evenly spaced, and after how long the next step begins. The last
        /// step lasts until the end.
        steps: Vec<Step>,
        /// Requests under way on each connection at most.
        under_way: usize,
    },
}

/// A part of an open loop's schedule.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Step {
    /// Requests per second.
    pub rate: f64,
    /// How long, counted from the end of the warm-up.
    pub duration: Duration,
}

/// What one request is, by its protocol.
#[derive(Clone, PartialEq, Debug)]
pub enum Exchange {
    /// A request of HTTP/1.1.
    Http1(Request),
    /// A request of HTTP/2, by prior knowledge, or by ALPN over TLS.
    Http2(Request),
    /// A message that is echoed by a WebSocket at this target.
    WebSocket {
        /// The target of the upgrade.
        target: String,
        /// What is sent, as one binary message, and has to come back.
        message: Vec<u8>,
    },
    /// A connection with a whole TLS handshake and nothing else, over and over.
    Handshake,
}

/// A request and the response that is right.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The target: a path, with a query if there is one.
    pub target: String,
    /// Fields besides `Host` and `Content-Length`.
    pub fields: Vec<(String, String)>,
    /// The content.
    pub body: Vec<u8>,
    /// The status that is right.
    pub status: u16,
    /// The content that is right. `None`: that of the first response, which all others have to be
    /// equal to.
    pub expected: Option<Vec<u8>>,
}

impl Plan {
    /// Says what makes no sense about it.
    pub(super) fn check(&self) -> io::Result<()> {
        let senseless = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        if self.connections == 0 || self.threads == 0 || self.pace.under_way() == 0 {
            return senseless("no connection, no thread or no request at a time");
        }
        if self.duration.is_zero() || self.timeout.is_zero() {
            return senseless("no time");
        }
        if self.requests_per_connection == Some(0) || self.max_requests == Some(0) {
            return senseless("no requests");
        }
        if let Pace::Open { steps, .. } = &self.pace
            && (steps.is_empty() || !steps.iter().all(Step::is_possible))
        {
            return senseless("a rate has to be more than nothing");
        }
        if self.exchange == Exchange::Handshake && !self.tls {
            return senseless("a handshake of TLS without TLS");
        }
        if self.slow_connections > 0 && (self.tls || !matches!(self.exchange, Exchange::Http1(_))) {
            return senseless("slow connections are for HTTP/1.1 without TLS");
        }
        Ok(())
    }
}

impl Pace {
    /// Requests under way on each connection at most.
    #[must_use]
    pub fn under_way(&self) -> usize {
        match *self {
            Pace::Closed { under_way } | Pace::Open { under_way, .. } => under_way,
        }
    }
}

impl Step {
    fn is_possible(&self) -> bool {
        self.rate.is_finite() && self.rate > 0.0
    }
}
