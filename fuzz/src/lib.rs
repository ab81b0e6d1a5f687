//! What the targets of the protocol have in common: driving a connection whose peer never tires.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, UNIX_EPOCH};

use protocol::{Connection, Handler, Limits, Now, Protocol, Step, Work};

/// The moment at which everything begins.
pub static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The moment at which everything happens: what is delayed until then is due.
pub fn now() -> Now {
    Now { instant: *START + Duration::from_millis(1), wall: UNIX_EPOCH }
}

/// What has become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Open,
    /// Our side is closed; the peer's is not.
    HalfClosed,
    Closed,
}

/// A connection with its caller's buffers.
pub struct Driver<H> {
    connection: Connection<H>,
    pub end: End,
    /// All that has been sent.
    pub wire: Vec<u8>,
    /// The most input that was held when a call returned.
    pub most_held: usize,
    /// Arrived, and not consumed so far.
    held: Vec<u8>,
    out: Vec<u8>,
}

impl<H: Handler> Driver<H> {
    /// A connection that has just been accepted.
    pub fn new(handler: H, limits: Limits) -> Self {
        let connection = Connection::new(Arc::new(handler), Arc::new(limits), now());
        let (wire, held, out) = Default::default();
        Driver { connection, end: End::Open, wire, most_held: 0, held, out }
    }

    /// A piece of input arrives.
    pub fn feed(&mut self, piece: impl AsRef<[u8]>) {
        if self.end != End::Closed {
            self.held.extend_from_slice(piece.as_ref());
            self.receive();
            self.settle();
            self.most_held = self.most_held.max(self.held.len());
        }
    }

    /// The peer has nothing more to say.
    pub fn eof(&mut self) {
        if self.end != End::Closed {
            self.connection.receive_eof(now());
            self.settle();
        }
    }

    /// All that has been sent, as far as it is text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.wire).into_owned()
    }

    fn receive(&mut self) {
        let consumed = self.connection.receive(&mut self.held, &mut self.out, now());
        self.held.drain(..consumed);
    }

    /// Does what the connection asks for until it wants nothing but to wait.
    fn settle(&mut self) {
        for _ in 0..100_000 {
            self.wire.extend_from_slice(&self.out);
            self.connection.sent(self.out.len() as u64, now());
            self.out.clear();
            match self.connection.poll() {
                Step::Receive => self.receive(),
                Step::Run(ticket, Work::Blocking(job)) => {
                    self.connection.complete(ticket, job.run(), &mut self.out, now());
                }
                Step::Wait(wait) if wait.deadline.is_some_and(|at| at <= now().instant) => {
                    self.connection.handle_timeout(&mut self.out, now());
                }
                Step::Wait(_) => return,
                Step::ShutdownWrite => self.end = End::HalfClosed,
                Step::Close => {
                    self.end = End::Closed;
                    return;
                }
                step => panic!("nobody asked for {step:?}"),
            }
        }
        panic!("it never comes to rest");
    }
}
