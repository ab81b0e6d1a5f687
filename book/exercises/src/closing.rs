//! WebSocket: the closing handshake.
//!
//! A connection is to end so that both sides know what the other has read. One side says Close;
//! the other says it back; then both are closed. Write our half of it, without a socket and
//! without a clock: what comes is an argument, and so is the time.
//!
//! * While it is open, what the application says is sent, a Ping is answered by a Pong with the
//!   same payload, and a text is given to the application.
//! * We say Close once. After it we say nothing: no text, no Pong, no second Close.
//! * The peer's Close is answered by a Close with the same code, unless it is itself an answer to
//!   ours. In both cases the connection is closed.
//! * A text that comes after we have said Close is of no interest to anybody.
//! * From our Close on the peer has a time to answer. Nothing puts that time off: a peer could
//!   otherwise keep a connection forever by saying something now and then.
//! * If the peer's side ends without a Close, the connection is cut. What it had read is not
//!   known.
//! * The end is the end: how a connection has ended does not change any more.

use std::time::Duration;

/// What one side says to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    Text(String),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// With a code, if the sender gives one.
    Close(Option<u16>),
}

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Both sides may speak.
    Open,
    /// We have said Close, and wait for the answer.
    Closing,
    /// The end.
    Closed(How),
}

/// How a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Both sides have said Close; this is the code of the peer's, 1005 if it gave none.
    Clean(u16),
    /// The peer has not answered our Close in time.
    Silent,
    /// The peer's side has ended without a Close.
    Cut,
}

/// What has to be done about a frame that has come.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// To be sent.
    pub send: Option<Frame>,
    /// To be given to the application.
    pub deliver: Option<String>,
}

pub struct Closing {
    // Yours.
}

impl Closing {
    /// A connection that is open. The peer has `patience` to answer a Close.
    pub fn new(patience: Duration) -> Self {
        todo!()
    }

    pub fn state(&self) -> State {
        todo!()
    }

    /// The application says something. Returns what is to be sent.
    pub fn say(&mut self, text: &str) -> Option<Frame> {
        todo!()
    }

    /// The connection is to end. Returns what is to be sent.
    pub fn close(&mut self, code: u16, now: Duration) -> Option<Frame> {
        todo!()
    }

    /// A frame of the peer's.
    pub fn receive(&mut self, frame: Frame) -> Effect {
        todo!()
    }

    /// The peer's side has ended.
    pub fn end(&mut self) {
        todo!()
    }

    /// When to call [`Closing::timeout`], if ever.
    pub fn deadline(&self) -> Option<Duration> {
        todo!()
    }

    /// It is so late. Too early a call does nothing.
    pub fn timeout(&mut self, now: Duration) {
        todo!()
    }
}
