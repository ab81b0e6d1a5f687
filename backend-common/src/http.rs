//! Which version of HTTP is spoken: 1.1, unless the client begins with the preface of HTTP/2
//! (RFC 9113 §3.3), or HTTP/2 was agreed on under TLS (§3.2).

use std::time::Instant;

use protocol::{Connection, FileRange, Now, Outcome, Protocol, Step, Ticket};

/// A connection of either version: HTTP/1.1 until it is known better.
pub struct Http {
    version: Version,
    /// Nothing has come that decides.
    #[cfg(feature = "http2")]
    is_open: bool,
    /// The order to stop, if it came before that.
    #[cfg(feature = "http2")]
    order: Option<Instant>,
}

// An indirection for each would cost the first, for the sake of the second.
#[allow(clippy::large_enum_variant, reason = "the first is the common one")]
enum Version {
    One(Connection),
    #[cfg(feature = "http2")]
    Two(Box<layer_http2::Http2>),
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

impl From<Connection> for Http {
    /// With whoever has connected.
    fn from(one: Connection) -> Self {
        Http {
            version: Version::One(one),
            #[cfg(feature = "http2")]
            is_open: true,
            #[cfg(feature = "http2")]
            order: None,
        }
    }
}

impl Http {
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
        self.is_open = false;
        input.len()
    }
    // ANCHOR_END: decide

    fn become_two(&mut self, now: Now) {
        let Version::One(one) = &self.version else { return };
        let (handler, limits) = (one.handler().clone(), one.limits().clone());
        let mut two = layer_http2::Http2::new(handler, limits, crate::socket::read_file, now);
        if one.is_secure() {
            two.secure();
        }
        if let Some(answered) = one.answered() {
            two = two.on_answered(answered.clone());
        }
        two = two.on_refused(one.refused().cloned());
        if let Some(by) = self.order {
            two.shutdown(by, now);
        }
        self.version = Version::Two(Box::new(two));
        self.is_open = false;
    }
}

#[cfg(feature = "tls")]
impl layer_tls::Inner for Http {
    #[cfg_attr(not(feature = "http2"), expect(unused_variables, reason = "there is no choice"))]
    fn negotiated(&mut self, protocol: Option<&[u8]>, now: Now) {
        #[cfg(feature = "http2")]
        match protocol {
            Some(b"h2") => self.become_two(now),
            Some(_) => self.is_open = false, // RFC 7301 §3.2: what was agreed on is spoken
            None => {}
        }
        each!(&mut self.version, it => it.secure());
    }
}

impl Protocol for Http {
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

    fn reset_send_timeout(&mut self, now: Now) {
        each!(&mut self.version, it => it.reset_send_timeout(now));
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
        let step = each!(&mut self.version, it => it.poll());
        #[cfg(feature = "http2")]
        if matches!(step, Step::ShutdownWrite) {
            self.is_open = false; // nothing more can begin
        }
        step
    }

    fn file(&self) -> Option<&FileRange> {
        each!(&self.version, it => it.file())
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
        matches!(driver.connection.version, Version::Two(_))
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
    fn what_is_nearly_the_preface_is_no_http_2() {
        for length in 0..PREFACE.len() {
            let mut said = PREFACE[..length].to_vec();
            said.push(PREFACE[length] ^ 1);
            said.extend(b"\r\nHost: h\r\n\r\n");
            for step in [1, said.len()] {
                let mut driver = driver();
                said.chunks(step).for_each(|piece| driver.feed(piece));
                assert!(!is_two(&driver) && !driver.connection.is_open, "{length}");
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
    fn the_order_to_stop_between_the_pieces() {
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
    fn what_was_agreed_on_is_spoken() {
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
