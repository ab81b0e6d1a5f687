//! The PROXY protocol: a proxy that passes a connection on says in its first bytes who the client
//! is, before TLS or HTTP begins.
//!
//! ```text
//!  Header ── complete ──► Open
//!     │
//!     └── no header, or not in time, or the client has too many connections ──► Refused
//! ```

pub mod header;

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use protocol::{
    Drain, FileRange, Now, Outcome, Protocol, Refused, Step, Ticket, Wait, after, is_due,
};

use crate::by_address::{ByAddress, Place};
use crate::server::Context;

/// The protocols behind the header.
pub(crate) trait Behind {
    /// What the bytes behind the header belong to.
    fn lowest(&mut self) -> &mut dyn Protocol;

    /// As [`Protocol::file`].
    fn file(&self) -> Option<&FileRange>;

    /// The client has this address.
    fn set_peer(&mut self, peer: SocketAddr);
}

/// A connection that begins with a header.
pub(crate) struct Proxied<B> {
    pub(crate) inner: B,
    state: State,
    refused: Option<Refused>,
    by_address: Option<Arc<ByAddress>>,
    /// The client's, if it may not have any number of connections.
    place: Option<Place>,
}

enum State {
    /// The header is awaited, until this moment.
    Header(Instant),
    /// The rest belongs to the protocols behind it.
    Open,
    /// There is nothing to say: a proxy that is not understood would not understand it.
    Refused,
}

impl<B: Behind> Proxied<B> {
    pub(crate) fn new(context: &Context, inner: B, refused: Option<Refused>, now: Now) -> Self {
        let state = State::Header(after(now.instant, context.limits.head_timeout));
        let by_address = context.by_address.clone();
        Proxied { inner, state, refused, by_address, place: None }
    }

    /// The header is none, or has not come in time.
    fn refuse_header(&mut self, why: &dyn Display) {
        self.refuse("proxy-protocol", &format_args!("PROXY protocol: {why}"));
    }

    fn refuse(&mut self, kind: &'static str, why: &dyn Display) {
        self.refused.iter().for_each(|refused| refused(kind, why));
        self.state = State::Refused;
    }

    /// The header has come. Without a client in it the proxy is the client.
    fn open(&mut self, client: Option<SocketAddr>) {
        self.state = State::Open;
        let Some(client) = client else { return };
        tracing::debug!("PROXY protocol: the client is {client}");
        self.inner.set_peer(client);
        if let Some(by_address) = &self.by_address {
            self.place = by_address.admit(client.ip());
            if self.place.is_none() {
                let why = format_args!("{client} has too many connections");
                self.refuse("connections-per-address", &why);
            }
        }
    }
}

impl<B: Behind + Send> Protocol for Proxied<B> {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        let mut start = 0;
        if let State::Header(_) = self.state {
            match header::parse(input) {
                Ok(None) => return 0, // it is presented again, with more
                Ok(Some(header)) => {
                    start = header.length;
                    self.open(header.client);
                }
                Err(why) => self.refuse_header(&why),
            }
        }
        match self.state {
            State::Open => start + self.inner.lowest().receive(&mut input[start..], out, now),
            _ => input.len(),
        }
    }

    fn receive_eof(&mut self, now: Now) {
        match self.state {
            State::Open => self.inner.lowest().receive_eof(now),
            _ => self.state = State::Refused, // a look whether somebody listens, most likely
        }
    }

    fn sent(&mut self, bytes: u64, now: Now) {
        self.inner.lowest().sent(bytes, now);
    }

    fn complete(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now) {
        self.inner.lowest().complete(ticket, outcome, out, now);
    }

    fn handle_timeout(&mut self, out: &mut Vec<u8>, now: Now) {
        match self.state {
            State::Open => self.inner.lowest().handle_timeout(out, now),
            State::Header(deadline) if is_due(Some(deadline), now.instant) => {
                self.refuse_header(&"the header took too long");
            }
            _ => {}
        }
    }

    fn shutdown(&mut self, deadline: Instant, now: Now) {
        if let State::Header(until) = &mut self.state {
            *until = (*until).min(deadline).min(after(now.instant, Drain::GRACE));
        }
        self.inner.lowest().shutdown(deadline, now);
    }

    fn poll(&mut self) -> Step {
        match self.state {
            State::Open => self.inner.lowest().poll(),
            State::Header(until) => Step::Wait(Wait { read: true, deadline: Some(until) }),
            State::Refused => Step::Close,
        }
    }

    fn reset_send_timeout(&mut self, now: Now) {
        self.inner.lowest().reset_send_timeout(now);
    }

    fn begin_wait(&mut self, now: Now) {
        self.inner.lowest().begin_wait(now);
    }

    fn file(&self) -> Option<&FileRange> {
        self.inner.file()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use harness::{Driver, End, start};
    use protocol::{Connection, Limits, Request};

    use super::*;

    struct Http(Connection);

    impl Behind for Http {
        fn lowest(&mut self) -> &mut dyn Protocol {
            &mut self.0
        }

        fn file(&self) -> Option<&FileRange> {
            self.0.file()
        }

        fn set_peer(&mut self, peer: SocketAddr) {
            self.0.set_peer(peer);
        }
    }

    const REQUEST: &[u8] =
        b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n";
    const HEADER: usize = 39;

    /// A connection that answers with the address of its client.
    fn driver(by_address: Option<Arc<ByAddress>>) -> Driver<Proxied<Http>> {
        let handler = |request: &Request<'_>| format!("{:?}", request.peer());
        let limits = Arc::new(Limits::default());
        let one = Connection::new(Arc::new(handler), Arc::clone(&limits), start());
        let state = State::Header(after(start().instant, limits.head_timeout));
        Driver::new(
            Proxied { inner: Http(one), state, refused: None, by_address, place: None },
            start(),
        )
    }

    #[test]
    fn a_header_and_a_request_may_come_in_any_pieces() {
        for first in 0..=REQUEST.len() {
            for second in first..=REQUEST.len() {
                let mut driver = driver(None);
                driver.feed(&REQUEST[..first]);
                driver.feed(&REQUEST[first..second]);
                driver.feed(&REQUEST[second..]);
                assert!(driver.wire.ends_with(b"Some(192.0.2.1:1)"), "{first} {second}");
                assert_eq!(driver.end, End::Open);
            }
        }
    }

    #[test]
    fn a_header_has_a_deadline_that_shutdown_brings_forward() {
        for length in 0..HEADER {
            let mut late = driver(None);
            late.feed(&REQUEST[..length]);
            late.pass_ms(9_999);
            assert_eq!(late.end, End::Open, "{length}");
            late.pass_ms(1);
            assert_eq!((late.end, late.wire.len()), (End::Closed, 0), "{length}");

            let mut draining = driver(None);
            draining.feed(&REQUEST[..length]);
            draining.shutdown(Duration::from_secs(5));
            let mut served = driver(None);
            served.feed(&REQUEST[..length]);
            served.shutdown(Duration::from_secs(5));
            served.feed(&REQUEST[length..]);
            assert!(served.wire.ends_with(b"Some(192.0.2.1:1)"), "{length}: it crossed");
            draining.pass(Drain::GRACE);
            assert_eq!(draining.end, End::Closed, "{length}");

            let mut cut = driver(None);
            cut.feed(&REQUEST[..length]);
            cut.eof();
            assert_eq!(cut.end, End::Closed, "{length}");
        }
    }

    #[test]
    fn a_client_with_too_many_connections_is_told_by_its_header() {
        let by_address = ByAddress::new(1, 64);
        let mut first = driver(Some(Arc::clone(&by_address)));
        first.feed(REQUEST);
        assert_eq!(first.end, End::Open);
        let mut second = driver(Some(Arc::clone(&by_address)));
        second.feed(REQUEST);
        assert_eq!((second.end, second.wire.len()), (End::Closed, 0));
        drop(first);
        let mut third = driver(Some(by_address));
        third.feed(REQUEST);
        assert_eq!(third.end, End::Open);
    }
}
