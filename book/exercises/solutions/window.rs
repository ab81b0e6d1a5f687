//! TLS and HTTP/2: the windows of flow control.
//!
//! A window is a signed number: a setting that comes when content is under way may take away room
//! that has been used already. With an unsigned number the difference would wrap or be cut to zero,
//! and the two sides would never agree again.
//!
//! What may be sent is the smallest of three: what the stream wants, its window, and the
//! connection's; nothing if one is negative. Settings are checked for all streams before any is
//! changed, so an error leaves no half of them moved. The connection's window moves by updates
//! alone, which is why a stream that is reset without a word about its content takes room from all
//! the others forever.

use std::collections::HashMap;

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
    connection: i64,
    /// What streams begin with.
    initial: i64,
    streams: HashMap<u32, i64>,
}

impl Windows {
    pub fn new() -> Self {
        let initial = i64::from(INITIAL);
        Windows { connection: initial, initial, streams: HashMap::new() }
    }

    /// A stream begins.
    pub fn open(&mut self, stream: u32) {
        self.streams.insert(stream, self.initial);
    }

    /// A stream has ended.
    pub fn close(&mut self, stream: u32) {
        self.streams.remove(&stream);
    }

    /// How many of these bytes an open stream may send now. They are taken from the windows.
    pub fn take(&mut self, stream: u32, wanted: usize) -> usize {
        let Some(window) = self.streams.get_mut(&stream) else { return 0 };
        let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
        let taken = wanted.min(*window).min(self.connection).max(0);
        *window -= taken;
        self.connection -= taken;
        taken as usize
    }

    /// `WINDOW_UPDATE` has come: for a stream, or for the connection if it is 0.
    pub fn update(&mut self, stream: u32, increment: u32) -> Result<(), Fault> {
        let (window, fault) = match stream {
            0 => (&mut self.connection, Fault::Connection),
            _ => match self.streams.get_mut(&stream) {
                Some(window) => (window, Fault::Stream(stream)),
                None => return Ok(()),
            },
        };
        *window += i64::from(increment);
        if increment == 0 || *window > i64::from(MOST) {
            self.streams.remove(&stream);
            return Err(fault);
        }
        Ok(())
    }

    /// A setting has come: streams begin with this window.
    pub fn set_initial(&mut self, initial: u32) -> Result<(), Fault> {
        let difference = i64::from(initial) - self.initial;
        let largest = self.streams.values().max().map_or(0, |window| window + difference);
        if initial > MOST || largest > i64::from(MOST) {
            return Err(Fault::Connection);
        }
        self.initial = i64::from(initial);
        self.streams.values_mut().for_each(|window| *window += difference);
        Ok(())
    }
}
