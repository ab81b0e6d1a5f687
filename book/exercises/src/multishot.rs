//! Completions: a receive that goes on.
//!
//! A multishot receive brings input until it is cancelled, whether the connection wants it or not.
//! The bytes lie in provided buffers, of which all connections together have few. Write what
//! stands between the ring and a connection: it says what is to be done, and does none of it
//! itself.
//!
//! * A buffer goes back as soon as its completion has been seen, before anything else. What the
//!   connection does not want yet is copied and kept; nothing may be lost, and the order stays.
//! * While input is wanted, a receive is under way, but never two. What was kept is delivered
//!   first.
//! * That input is not wanted any more is no reason to cancel: most clients send nothing then. The
//!   receive is cancelled once bytes are held that nobody wants, and it is cancelled once.
//! * A cancelled receive has not ended before its last completion says so. It may bring bytes
//!   until then. The next begins after that end, if input is wanted by then.
//! * A receive also ends when the buffer ring was empty, or when it says that there will be no
//!   more. If input is wanted, another begins.
//! * After the peer's end none begins any more.

/// What has come of the receive that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion {
    /// These bytes lie in this buffer. If there will be no more, the receive has ended.
    Data { buffer: u16, bytes: Vec<u8>, more: bool },
    /// The buffer ring was empty; the receive has ended.
    NoBuffer,
    /// The receive was cancelled and has ended.
    Cancelled,
    /// The peer has closed its side; the receive has ended.
    End,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The kernel may use the buffer again.
    GiveBack(u16),
    /// The connection takes these bytes, never none.
    Deliver(Vec<u8>),
    /// A receive is handed to the kernel.
    Begin,
    /// The receive that is under way is cancelled.
    Cancel,
}

pub struct Receiver {
    // Yours.
}

impl Receiver {
    /// Nothing is under way, and input is not wanted yet.
    pub fn new() -> Self {
        todo!()
    }

    /// Whether the connection wants input from now on.
    pub fn want(&mut self, wanted: bool) -> Vec<Act> {
        todo!()
    }

    /// The receive that is under way has a completion.
    pub fn complete(&mut self, completion: Completion) -> Vec<Act> {
        todo!()
    }

    /// How many bytes are kept.
    pub fn held(&self) -> usize {
        todo!()
    }

    /// Whether no receive is under way, so that the connection may be dropped.
    pub fn is_idle(&self) -> bool {
        todo!()
    }
}
