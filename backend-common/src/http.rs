//! Which version of HTTP is spoken: 1.1, unless the client begins with the preface of HTTP/2
//! (RFC 9113 §3.3), or HTTP/2 was agreed on under TLS (§3.2).

use std::time::Instant;

use protocol::{Connection, FileRange, Handler, Now, Outcome, Protocol, Step, Ticket};

use crate::Context;

/// A connection of either version.
pub(crate) struct Http<H: Handler> {
    version: Version<H>,
    /// Nothing has come that decides.
    #[cfg(feature = "http2")]
    is_open: bool,
    /// The order to stop, if it came before that.
    #[cfg(feature = "http2")]
    order: Option<Instant>,
}

// An indirection for each would cost the first, for the sake of the second.
#[allow(clippy::large_enum_variant, reason = "the first is the common one")]
enum Version<H: Handler> {
    One(Connection<H>),
    #[cfg(feature = "http2")]
    Two(Box<layer_http2::Http2<H>>),
}

/// Does the same, whatever the version.
macro_rules! each {
    ($http:expr, $protocol:pat => $call:expr) => {
        match $http {
            Version::One($protocol) => $call,
            #[cfg(feature = "http2")]
            Version::Two($protocol) => $call,
        }
    };
}

impl<H: Handler> Http<H> {
    /// With whoever has connected.
    pub(crate) fn new(context: &Context<H>, now: Now) -> Self {
        let (handler, limits) = (context.handler.clone(), context.limits.clone());
        let one = Connection::new(handler, limits, now);
        Http {
            version: Version::One(one.on_answered(context.statistics.answered())),
            #[cfg(feature = "http2")]
            is_open: true,
            #[cfg(feature = "http2")]
            order: None,
        }
    }

    /// How many requests have been answered.
    pub(crate) fn served(&self) -> u64 {
        each!(&self.version, it => it.served())
    }

    /// Whether no request is under way.
    pub(crate) fn is_idle(&self) -> bool {
        each!(&self.version, it => it.is_idle())
    }

    /// Whether more of a request is to come, if input is waited for.
    pub(crate) fn is_receiving(&self) -> bool {
        match &self.version {
            Version::One(_) => true,
            #[cfg(feature = "http2")]
            Version::Two(two) => two.is_receiving(),
        }
    }

    /// Whether another protocol has taken over from HTTP.
    pub(crate) fn is_upgraded(&self) -> bool {
        match &self.version {
            Version::One(one) => one.is_upgraded(),
            #[cfg(feature = "http2")]
            Version::Two(_) => false,
        }
    }
}

#[cfg(feature = "http2")]
impl<H: Handler> Http<H> {
    // ANCHOR: decide
    /// Looks at what comes first. Returns how much of it may be seen by HTTP/1.1, which takes the
    /// preface for a request with an impossible version.
    fn decide(&mut self, input: &[u8], now: Now) -> usize {
        use layer_http2::PREFACE;
        /// Of the preface, not so much that it could be refused.
        const HARMLESS: usize = "PRI * HTTP/2.0\r\n".len();
        if input.starts_with(PREFACE) {
            self.become_two(now);
        } else if PREFACE.starts_with(input) {
            return input.len().min(HARMLESS); // so there is a head, which has to end in time
        }
        self.is_open &= input.is_empty();
        input.len()
    }
    // ANCHOR_END: decide

    fn become_two(&mut self, now: Now) {
        let Version::One(one) = &self.version else { return };
        let (handler, limits) = (one.handler().clone(), one.limits().clone());
        let mut two = layer_http2::Http2::new(handler, limits, crate::socket::read_file, now);
        if let Some(answered) = one.answered() {
            two = two.on_answered(answered.clone());
        }
        if let Some(by) = self.order {
            two.shutdown(by, now);
        }
        self.version = Version::Two(Box::new(two));
        self.is_open = false;
    }
}

#[cfg(feature = "tls")]
impl<H: Handler> layer_tls::Inside for Http<H> {
    #[cfg(feature = "http2")]
    fn agreed(&mut self, protocol: Option<&[u8]>, now: Now) {
        if protocol == Some(b"h2") {
            self.become_two(now);
        }
    }
}

impl<H: Handler> Protocol for Http<H> {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        #[cfg(feature = "http2")]
        let input = if self.is_open {
            let shown = self.decide(input, now);
            &mut input[..shown]
        } else {
            input
        };
        each!(&mut self.version, it => it.receive(input, out, now))
    }

    fn receive_eof(&mut self, now: Now) {
        each!(&mut self.version, it => it.receive_eof(now));
    }

    fn sent(&mut self, bytes: u64, now: Now) {
        each!(&mut self.version, it => it.sent(bytes, now));
    }

    fn excuse(&mut self, now: Now) {
        each!(&mut self.version, it => it.excuse(now));
    }

    fn complete(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now) {
        each!(&mut self.version, it => it.complete(ticket, outcome, out, now));
    }

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        each!(&mut self.version, it => it.handle_timeout(out, now));
    }

    fn shutdown(&mut self, by: Instant, now: Now) {
        #[cfg(feature = "http2")]
        {
            self.order = Some(by);
        }
        each!(&mut self.version, it => it.shutdown(by, now));
    }

    fn poll(&mut self) -> Step {
        each!(&mut self.version, it => it.poll())
    }

    fn file(&self) -> Option<&FileRange> {
        each!(&self.version, it => it.file())
    }
}
