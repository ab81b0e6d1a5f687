//! A protocol as a backend drives it, without a socket.

use std::sync::Arc;
use std::time::{Instant, UNIX_EPOCH};

use protocol::{Handler, Now, Protocol, Request, Response, Step};

/// A moment that stays: a clock that is read would be measured too.
pub(crate) fn now() -> Now {
    Now { instant: Instant::now(), wall: UNIX_EPOCH }
}

/// What all requests are answered with.
pub(crate) fn hello() -> Arc<dyn Handler> {
    Arc::new(|_: &Request<'_>| Response::text("hello\n"))
}

/// A protocol as a backend drives it, but what it says goes nowhere.
pub(crate) struct Driven<P> {
    protocol: P,
    pub(crate) out: Vec<u8>,
    now: Now,
}

impl<P: Protocol> Driven<P> {
    /// Lets it say what it has to say at the beginning.
    pub(crate) fn new(protocol: P, now: Now) -> Self {
        let mut driven = Driven { protocol, out: Vec::with_capacity(64 << 10), now };
        driven.receive(&mut []);
        driven
    }

    /// Presents what has come. Returns how much was consumed; [`Driven::out`] is the answer, and
    /// counts as sent.
    pub(crate) fn receive(&mut self, input: &mut [u8]) -> usize {
        self.out.clear();
        let mut consumed = self.protocol.receive(input, &mut self.out, self.now);
        let mut sent = 0;
        loop {
            if sent < self.out.len() {
                self.protocol.sent((self.out.len() - sent) as u64, self.now);
                sent = self.out.len();
            }
            match self.protocol.poll() {
                Step::Receive => {
                    let rest = &mut input[consumed..];
                    consumed += self.protocol.receive(rest, &mut self.out, self.now);
                }
                Step::Wait(_) if sent == self.out.len() => return consumed,
                Step::Wait(_) => {}
                other => panic!("{other:?} is not what comes of these messages"),
            }
        }
    }
}
