//! TLS and HTTP/2: how much may be sent? (RFC 9113 §5.2, §6.9)
//!
//! A receiver says how much content it has room for. Each stream has a window, and the connection
//! has one for all of them. Content takes room from both; `WINDOW_UPDATE` gives room to one.
//!
//! * All windows begin with [`INITIAL`] bytes. A setting changes the window that *streams* begin
//!   with, and moves the windows of the streams that are open by the difference. They may become
//!   negative then, and the sender waits until they are positive again. The connection's does not
//!   change.
//! * `take` says how much of what a stream wants to send it may send now, and takes it from both
//!   windows.
//! * An increment of 0 is an error, and so is a window that would be larger than [`MOST`]: of the
//!   stream, if it was for a stream, otherwise of the connection. After an error of a stream its
//!   window is gone; others are not touched.
//! * A setting that makes any window larger than [`MOST`], or is larger itself, is an error of the
//!   connection.
//! * An update for a stream that is not open any more means nothing (it crossed on the wire).

/// What windows begin with, unless a setting says otherwise.
pub const INITIAL: u32 = 65_535;

/// No window is larger.
pub const MOST: u32 = 0x7fff_ffff;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed.
    Connection,
    /// This stream is reset.
    Stream(u32),
}

/// The windows of one connection, as its sender sees them.
#[derive(Debug)]
pub struct Windows {
    // Yours.
}

impl Windows {
    pub fn new() -> Self {
        todo!()
    }

    /// A stream begins.
    pub fn open(&mut self, stream: u32) {
        todo!()
    }

    /// A stream has ended.
    pub fn close(&mut self, stream: u32) {
        todo!()
    }

    /// How many of these bytes an open stream may send now. They are taken from the windows.
    pub fn take(&mut self, stream: u32, wanted: usize) -> usize {
        todo!()
    }

    /// `WINDOW_UPDATE` has come: for a stream, or for the connection if it is 0.
    pub fn update(&mut self, stream: u32, increment: u32) -> Result<(), Fault> {
        todo!()
    }

    /// A setting has come: streams begin with this window.
    pub fn set_initial(&mut self, initial: u32) -> Result<(), Fault> {
        todo!()
    }
}
