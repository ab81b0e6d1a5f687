//! What is spoken on a connection, chosen in one place: HTTP as it is or under TLS, HTTP/1.1 or
//! HTTP/2, and what takes over after an upgrade. The backends do not know which.
//!
//! ```text
//!  Stack  Proxied ── PROXY protocol, if a proxy is in front ──► Plain or Tls
//!         Plain ─────────────► Http
//!         Tls ── decrypts ───► Http
//!
//!  Http   One ── preface (RFC 9113 §3.4), or `h2` by ALPN (§3.2) ──► Two
//!         One ── 101 Switching Protocols (RFC 9110 §7.8) ──────────► Upgraded
//! ```

use std::fmt;
use std::net::SocketAddr;
use std::time::Instant;

use protocol::{Connection, FileRange, Now, Outcome, Protocol, Refused, Service, Step, Ticket};

use crate::proxy_protocol::{Behind, Proxied};
use crate::server::Context;

/// Why somebody is refused where a proxy is expected.
const NO_PROXY: &str = "PROXY protocol: this is no trusted proxy";

/// The protocols of one connection, from the socket up.
// An indirection for each would cost the plain ones, for the sake of the others.
#[allow(clippy::large_enum_variant, reason = "the plain one is the common one")]
pub(crate) enum Stack {
    Plain(Http),
    #[cfg(feature = "tls")]
    Tls(Box<layer_tls::Tls<Http>>),
    Proxied(Box<Proxied<Stack>>),
}

impl Stack {
    /// The protocols that are spoken on a connection to this context's listener; `None` if TLS
    /// cannot be set up, or a proxy is expected and the peer is none that is trusted.
    pub(crate) fn new(
        context: &Context,
        peer: Option<SocketAddr>,
        refused: Option<&Refused>,
        now: Now,
    ) -> Option<Self> {
        let Some(proxies) = &context.proxies else {
            return Stack::direct(context, peer, refused, now);
        };
        if !proxies.contains(peer) {
            refused.iter().for_each(|refused| refused("proxy-protocol", &NO_PROXY));
            return None;
        }
        let inner = Stack::direct(context, peer, refused, now)?;
        Some(Stack::Proxied(Box::new(Proxied::new(context, inner, refused.cloned(), now))))
    }

    /// The protocols without a proxy in front.
    fn direct(
        context: &Context,
        peer: Option<SocketAddr>,
        refused: Option<&Refused>,
        now: Now,
    ) -> Option<Self> {
        let service = Service::new(context.handler.clone(), context.limits.clone())
            .observed_by(Some(context.statistics.told()))
            .on_refused(refused.cloned())
            .with_peer(peer)
            .at_listener(context.listener);
        let http = Http::from(Connection::with_service(service, now));
        #[cfg(feature = "tls")]
        if let Some(setup) = &context.tls {
            let tls = layer_tls::Tls::new(setup.clone(), http, now)
                .inspect_err(|error| tracing::error!("cannot speak TLS: {error}"));
            return tls.ok().map(|tls| Stack::Tls(Box::new(tls.on_refused(refused.cloned()))));
        }
        Some(Stack::Plain(http))
    }

    /// The version of HTTP, or what has taken over from it.
    pub(crate) fn http(&self) -> &Http {
        match self {
            Stack::Plain(http) => http,
            #[cfg(feature = "tls")]
            Stack::Tls(tls) => tls.inner(),
            Stack::Proxied(proxied) => proxied.inner.http(),
        }
    }

    /// Whether no request is under way, and nothing is unsent.
    pub(crate) fn is_idle(&self) -> bool {
        match self {
            Stack::Plain(http) => http.is_idle(),
            #[cfg(feature = "tls")]
            Stack::Tls(tls) => tls.is_idle() && tls.inner().is_idle(),
            Stack::Proxied(proxied) => proxied.inner.is_idle(),
        }
    }
}

impl Behind for Stack {
    // ANCHOR: lowest
    /// What the socket's bytes belong to.
    fn lowest(&mut self) -> &mut dyn Protocol {
        match self {
            Stack::Plain(http) => http,
            #[cfg(feature = "tls")]
            Stack::Tls(tls) => &mut **tls,
            Stack::Proxied(proxied) => &mut **proxied,
        }
    }
    // ANCHOR_END: lowest

    fn file(&self) -> Option<&FileRange> {
        match self {
            Stack::Plain(http) => http.file(),
            #[cfg(feature = "tls")]
            Stack::Tls(tls) => tls.file(),
            Stack::Proxied(proxied) => proxied.file(),
        }
    }

    fn set_peer(&mut self, peer: SocketAddr) {
        match self {
            Stack::Plain(http) => http.set_peer(peer),
            #[cfg(feature = "tls")]
            Stack::Tls(tls) => tls.inner_mut().set_peer(peer),
            Stack::Proxied(proxied) => proxied.inner.set_peer(peer),
        }
    }
}

/// A connection of either version of HTTP: 1.1 until it is known better.
pub struct Http {
    spoken: Spoken,
    /// Whether nothing has come that decides the version.
    #[cfg(feature = "http2")]
    is_undecided: bool,
    /// Requests that were answered before another protocol took over.
    served: u64,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("served", &self.served()).finish_non_exhaustive()
    }
}

// ANCHOR: spoken
// An indirection for each would cost the first, for the sake of the others.
#[allow(clippy::large_enum_variant, reason = "the first is the common one")]
enum Spoken {
    One(Connection),
    #[cfg(feature = "http2")]
    Two(Box<layer_http2::Http2>),
    Upgraded {
        next: Box<dyn Protocol>,
        /// Whether it has nothing more to say.
        has_finished: bool,
    },
}
// ANCHOR_END: spoken

impl From<Connection> for Http {
    /// A connection on which nothing has come.
    fn from(one: Connection) -> Self {
        Http {
            spoken: Spoken::One(one),
            #[cfg(feature = "http2")]
            is_undecided: true,
            served: 0,
        }
    }
}

impl Http {
    fn spoken(&mut self) -> &mut dyn Protocol {
        match &mut self.spoken {
            Spoken::One(one) => one,
            #[cfg(feature = "http2")]
            Spoken::Two(two) => &mut **two,
            Spoken::Upgraded { next, .. } => &mut **next,
        }
    }

    fn set_peer(&mut self, peer: SocketAddr) {
        if let Spoken::One(one) = &mut self.spoken {
            one.set_peer(peer);
        }
    }

    /// How many requests have been answered.
    #[must_use]
    pub fn served(&self) -> u64 {
        match &self.spoken {
            Spoken::One(one) => one.served(),
            #[cfg(feature = "http2")]
            Spoken::Two(two) => two.served(),
            Spoken::Upgraded { .. } => self.served,
        }
    }

    /// Whether no request is under way, and nothing is unsent. What follows an upgrade is never
    /// idle.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        match &self.spoken {
            Spoken::One(one) => one.is_idle(),
            #[cfg(feature = "http2")]
            Spoken::Two(two) => two.is_idle(),
            Spoken::Upgraded { .. } => false,
        }
    }

    /// Whether more of a request is to come, if input is waited for.
    pub(crate) fn is_receiving(&self) -> bool {
        match &self.spoken {
            Spoken::One(_) | Spoken::Upgraded { .. } => true,
            #[cfg(feature = "http2")]
            Spoken::Two(two) => two.is_receiving(),
        }
    }

    /// Whether another protocol has taken over, and has more to say. It has no requests that
    /// shutdown could wait for, so it is told at once.
    pub(crate) fn is_upgraded(&self) -> bool {
        matches!(self.spoken, Spoken::Upgraded { has_finished: false, .. })
    }

    /// Another protocol takes over from HTTP/1.1.
    fn upgrade(&mut self, next: Box<dyn Protocol>) {
        self.served = self.served();
        self.spoken = Spoken::Upgraded { next, has_finished: false };
    }
}

#[cfg(feature = "http2")]
impl Http {
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
        self.is_undecided = false;
        input.len()
    }
    // ANCHOR_END: decide

    fn become_two(&mut self, now: Now) {
        let Spoken::One(one) = &self.spoken else { return };
        let read_file = crate::socket::read_file;
        let mut two = layer_http2::Http2::with_service(one.service().clone(), read_file, now);
        if let Some(deadline) = one.shutdown_deadline() {
            two.shutdown(deadline, now);
        }
        self.spoken = Spoken::Two(Box::new(two));
        self.is_undecided = false;
    }
}

#[cfg(feature = "tls")]
impl layer_tls::Inner for Http {
    #[cfg_attr(not(feature = "http2"), expect(unused_variables, reason = "there is no choice"))]
    fn negotiated(&mut self, protocol: Option<&[u8]>, now: Now) {
        if let Spoken::One(one) = &mut self.spoken {
            one.secure();
        }
        #[cfg(feature = "http2")]
        match protocol {
            Some(b"h2") => self.become_two(now),
            Some(_) => self.is_undecided = false, // RFC 7301 §3.2: what was agreed on is spoken
            None => {}
        }
    }
}

impl Protocol for Http {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        #[cfg(feature = "http2")]
        let input = if self.is_undecided {
            let shown = self.decide(input, now);
            &mut input[..shown]
        } else {
            input
        };
        self.spoken().receive(input, out, now)
    }

    fn receive_eof(&mut self, now: Now) {
        self.spoken().receive_eof(now);
    }

    fn sent(&mut self, bytes: u64, now: Now) {
        self.spoken().sent(bytes, now);
    }

    fn complete(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now) {
        self.spoken().complete(ticket, outcome, out, now);
    }

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        self.spoken().handle_timeout(out, now);
    }

    fn shutdown(&mut self, deadline: Instant, now: Now) {
        self.spoken().shutdown(deadline, now);
    }

    fn poll(&mut self) -> Step {
        let step = self.spoken().poll();
        match step {
            Step::Upgrade(next) => {
                self.upgrade(next);
                return Step::Receive; // what the caller still holds is for the next
            }
            Step::ShutdownWrite => self.on_finished(),
            _ => {}
        }
        step
    }

    fn reset_send_timeout(&mut self, now: Now) {
        self.spoken().reset_send_timeout(now);
    }

    fn begin_wait(&mut self, now: Now) {
        self.spoken().begin_wait(now);
    }

    fn file(&self) -> Option<&FileRange> {
        match &self.spoken {
            Spoken::One(one) => one.file(),
            #[cfg(feature = "http2")]
            Spoken::Two(two) => two.file(),
            Spoken::Upgraded { next, .. } => next.file(),
        }
    }
}

impl Http {
    /// Nothing more is said, and nothing can begin any more.
    fn on_finished(&mut self) {
        #[cfg(feature = "http2")]
        {
            self.is_undecided = false;
        }
        if let Spoken::Upgraded { has_finished, .. } = &mut self.spoken {
            *has_finished = true;
        }
    }
}

#[cfg(all(test, feature = "http2"))]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use harness::{Driver, End, start};
    use layer_http2::PREFACE;
    use protocol::{Limits, Request};

    use super::*;

    fn driver() -> Driver<Http> {
        let handler = |request: &Request<'_>| request.path().to_owned();
        let one = Connection::new(Arc::new(handler), Arc::new(Limits::default()), start());
        Driver::new(Http::from(one), start())
    }

    fn is_two(driver: &Driver<Http>) -> bool {
        matches!(driver.connection.spoken, Spoken::Two(_))
    }

    /// Takes what has been said since.
    fn heard<P>(driver: &mut Driver<P>) -> Vec<u8> {
        std::mem::take(&mut driver.wire)
    }

    /// SETTINGS, and a request for `/` of the host `h` that ends its stream (RFC 7541, appendix A).
    const REQUEST: &[u8] = b"\0\0\0\x04\0\0\0\0\0\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x01\x01h";

    #[test]
    fn the_preface_in_any_split() {
        let said = [&PREFACE[..], REQUEST].concat();
        for first in 0..=said.len() {
            for second in first..=said.len() {
                let mut driver = driver();
                driver.feed(&said[..first]);
                driver.feed(&said[first..second]);
                assert_eq!(is_two(&driver), second >= PREFACE.len(), "{first} {second}");
                assert!(is_two(&driver) || driver.wire.is_empty(), "{first} {second}");
                driver.feed(&said[second..]);
                assert_eq!(driver.wire.last(), Some(&b'/'), "{first} {second}");
                assert_eq!((driver.connection.served(), driver.unread()), (1, 0));
            }
        }
    }

    #[test]
    fn bytes_that_are_nearly_the_preface_are_http_1() {
        for length in 0..PREFACE.len() {
            let mut said = PREFACE[..length].to_vec();
            said.push(PREFACE[length] ^ 1);
            said.extend(b"\r\nHost: h\r\n\r\n");
            for step in [1, said.len()] {
                let mut driver = driver();
                said.chunks(step).for_each(|piece| driver.feed(piece));
                assert!(!is_two(&driver) && !driver.connection.is_undecided, "{length}");
                let heard = heard(&mut driver);
                assert!(heard.is_empty() || heard.starts_with(b"HTTP/1.1 "), "{length}");
                driver.feed([&PREFACE[..], REQUEST].concat());
                assert!(!is_two(&driver), "too late");
            }
        }
    }

    #[test]
    fn requests_of_http_1_are_answered_whatever_they_begin_with() {
        for method in ["GET", "P", "PR", "PRI", "PRIX"] {
            let said = format!("{method} /path HTTP/1.1\r\nHost: h\r\n\r\n");
            for step in [1, 5, 1000] {
                let mut driver = driver();
                said.as_bytes().chunks(step).for_each(|piece| driver.feed(piece));
                let heard = heard(&mut driver);
                assert!(heard.starts_with(b"HTTP/1.1 200 "), "{method}");
                assert!(heard.ends_with(b"/path"), "{method}");
            }
        }
    }

    #[test]
    fn shutdown_between_the_pieces_of_the_preface_is_not_forgotten() {
        for length in 0..PREFACE.len() {
            let mut driver = driver();
            driver.feed(&PREFACE[..length]);
            driver.shutdown(Duration::from_secs(10));
            driver.feed(&PREFACE[length..]);
            driver.feed(REQUEST);
            let heard = heard(&mut driver);
            let goaway = b"\0\0\x08\x07\0\0\0\0\0\x7f\xff\xff\xff";
            assert!(heard.windows(goaway.len()).any(|it| it == goaway), "{length}");
            assert_eq!(heard.last(), Some(&b'/'), "{length}");
            driver.pass_ms(10_000);
            assert_eq!(driver.end, End::Closed, "{length}: not gone in time");
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn the_negotiated_version_is_spoken() {
        use layer_tls::Inner;
        for (agreed, expected) in
            [(None, true), (Some(&b"h2"[..]), true), (Some(b"http/1.1"), false)]
        {
            let mut driver = driver();
            driver.connection.negotiated(agreed, start());
            driver.feed(PREFACE);
            assert_eq!(is_two(&driver), expected, "{agreed:?}");
        }
    }

    #[test]
    fn a_preface_that_never_ends_has_a_deadline_and_may_be_cut_off() {
        for length in 1..PREFACE.len() {
            let mut late = driver();
            late.feed(&PREFACE[..length]);
            late.pass_ms(10_000);
            assert!(heard(&mut late).starts_with(b"HTTP/1.1 408 "), "{length}");
            late.feed(&PREFACE[length..]);
            assert!(!is_two(&late) && heard(&mut late).is_empty(), "{length}: it has been refused");

            let mut cut = driver();
            cut.feed(&PREFACE[..length]);
            cut.eof();
            assert!(heard(&mut cut).starts_with(b"HTTP/1.1 400 "), "{length}");
            assert_eq!(cut.end, End::Closed, "{length}: not closed");
        }
    }
}
