//! The connection as a state machine: answers in order, and no more than the peer takes.
//!
//! A small protocol without I/O. A request is a line that ends in LF; it is answered by a line.
//!
//! * `echo TEXT` is answered `TEXT` at once.
//! * `work TEXT` is answered by whatever comes of work done elsewhere: `poll` hands it out as
//!   [`Step::Run`], and `complete` brings the result.
//! * Any other line, one without a space too, is answered `?` at once.
//!
//! A client may send several requests without waiting (pipelining). The answers come in the order
//! of the requests. So behind a `work` nothing is answered, nor even consumed, before its result
//! has come; and while there are [`HIGH_WATER`] or more unsent bytes of output, no request is
//! begun either. What you do not consume is presented again, with more appended.
//!
//! The contract is that of the `protocol` crate in small: after every call, the caller calls `poll`
//! until it says [`Step::Wait`]. On [`Step::Receive`] it calls `receive` with what it still holds.
//! Do not say `Receive` forever: only if something has changed since the last `receive` that lets
//! you go on with input that you left there.

/// With so much unsent output, no further request is begun.
pub const HIGH_WATER: usize = 16;

#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Call `receive` again, even if nothing new has come.
    Receive,
    /// Have this done elsewhere, and bring what comes of it to `complete`.
    Run(String),
    /// Nothing to do. Is input wanted?
    Wait { read: bool },
}

#[derive(Default)]
pub struct Connection {
    // Yours.
}

impl Connection {
    /// Takes whole requests from the start of `input`, appends answers to `out`, and returns how
    /// many bytes of `input` it has consumed.
    pub fn receive(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        todo!()
    }

    /// So many bytes of `out` have been sent.
    pub fn sent(&mut self, bytes: usize) {
        todo!()
    }

    /// The work has come to this.
    pub fn complete(&mut self, result: &str, out: &mut Vec<u8>) {
        todo!()
    }

    /// What to do next.
    pub fn poll(&mut self) -> Step {
        todo!()
    }
}
