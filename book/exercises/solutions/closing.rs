//! WebSocket: the closing handshake.
//!
//! There is one fact from which all others follow: the state. Each method asks it first, and all
//! that may end a connection goes through `finish`, which does it once and forgets the deadline.
//!
//! `say` speaks only while the connection is open, which covers both “nothing after our Close” and
//! “nothing after the end”.
//!
//! A Close that comes is answered only while we are open. If we are closing, it *is* the answer.
//! That it is the answer means that the peer has read all that we said before: frames are read in
//! order.

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
    state: State,
    patience: Duration,
    /// When the peer has to have answered our Close.
    deadline: Option<Duration>,
}

impl Closing {
    /// A connection that is open. The peer has `patience` to answer a Close.
    pub fn new(patience: Duration) -> Self {
        Closing { state: State::Open, patience, deadline: None }
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// The application says something. Returns what is to be sent.
    pub fn say(&mut self, text: &str) -> Option<Frame> {
        (self.state == State::Open).then(|| Frame::Text(text.to_owned()))
    }

    /// The connection is to end. Returns what is to be sent.
    pub fn close(&mut self, code: u16, now: Duration) -> Option<Frame> {
        if self.state != State::Open {
            return None;
        }
        self.state = State::Closing;
        self.deadline = Some(now + self.patience);
        Some(Frame::Close(Some(code)))
    }

    /// A frame of the peer's.
    pub fn receive(&mut self, frame: Frame) -> Effect {
        let is_open = self.state == State::Open;
        let mut effect = Effect::default();
        match frame {
            Frame::Text(text) if is_open => effect.deliver = Some(text),
            Frame::Ping(payload) if is_open => effect.send = Some(Frame::Pong(payload)),
            Frame::Close(code) if !self.is_closed() => {
                effect.send = is_open.then_some(Frame::Close(code));
                self.finish(How::Clean(code.unwrap_or(1005)));
            }
            _ => {}
        }
        effect
    }

    /// The peer's side has ended.
    pub fn end(&mut self) {
        self.finish(How::Cut);
    }

    /// When to call [`Closing::timeout`], if ever.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// It is so late. Too early a call does nothing.
    pub fn timeout(&mut self, now: Duration) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.finish(How::Silent);
        }
    }

    fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed(_))
    }

    fn finish(&mut self, how: How) {
        if !self.is_closed() {
            self.state = State::Closed(how);
            self.deadline = None;
        }
    }
}
