//! TLS and HTTP/2: a protocol around another one.
//!
//! The layer carries the bytes of the inner protocol in *records*: one byte that says how many
//! bytes follow, then those, 255 at most. There is nothing secret about it; otherwise it is what
//! TLS does. The layer is itself a [`Protocol`], so the code that drives the inner protocol can
//! drive it as well and does not know of it.
//!
//! * Records come in any pieces. One that has not come whole is not consumed; the caller presents
//!   it again, with more appended. An empty record carries nothing.
//! * The inner protocol sees bytes, not records: what it does not consume is presented to it again,
//!   with what was in the next record appended. A record is opened only when it waits for input: if
//!   it does not, records stay with the caller, so that backpressure is passed on.
//! * What it says leaves in records, each as long as can be.
//! * It hears [`Protocol::sent`] for bytes of its own. A record is longer than what it carries. So
//!   its first byte counts for nothing, and each of the others for one.
//!
//! The contract is that of the `protocol` crate in small: after every call, the caller calls `poll`
//! until it says [`Step::Wait`]. On [`Step::Receive`] it calls `receive` with what it still holds.
//! Mind that the layer is a caller, too, and that nobody else wakes it: when the inner protocol
//! wants input again, the next record may have come long ago.

/// What is spoken on a connection.
pub trait Protocol {
    /// Takes what has come, appends what is to be sent to `out`, and returns how many bytes of
    /// `input` it has consumed.
    fn receive(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize;

    /// So many bytes of `out` have been sent.
    fn sent(&mut self, bytes: usize);

    /// What to do next.
    fn poll(&mut self) -> Step;
}

#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Call `receive` again, even if nothing new has come.
    Receive,
    /// Nothing to do. Is input wanted?
    Wait { read: bool },
}

/// Most bytes that a record carries.
pub const MOST: usize = 255;

pub struct Layer<P> {
    inner: P,
    // The rest is yours.
}

impl<P: Protocol> Layer<P> {
    /// A layer around this protocol.
    pub fn new(inner: P) -> Self {
        todo!()
    }

    /// The inner protocol.
    pub fn inner(&self) -> &P {
        &self.inner
    }
}

impl<P: Protocol> Protocol for Layer<P> {
    fn receive(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        todo!()
    }

    fn sent(&mut self, bytes: usize) {
        todo!()
    }

    fn poll(&mut self) -> Step {
        todo!()
    }
}
