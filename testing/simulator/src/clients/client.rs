//! The client at the other end, and the mishaps that excuse a server.

use std::fmt;

use crate::stage::Entries;

/// The client at the other end of a connection, without I/O as well.
pub(crate) trait Client {
    /// Takes what it has to say for now.
    fn say(&mut self) -> Vec<u8>;

    /// Hears bytes of the server; an error if a server must not say so.
    fn hear(&mut self, bytes: &[u8]) -> Result<(), String>;

    /// The server has closed its side.
    fn hear_end(&mut self) -> Result<(), String>;

    /// Whether it has said all that it ever will, and closes its side.
    fn is_done(&self) -> bool;

    /// Holds all that it has heard against what was asked, what was accepted, and what happened to
    /// the connection; returns how many answers there were.
    fn judge(&self, entries: &Entries, mishaps: &Mishaps) -> Result<usize, String>;
}

/// A protocol, and whether it is under TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language {
    /// Under TLS.
    pub tls: bool,
    /// The protocol that is spoken there.
    pub words: Words,
}

/// A protocol, secured or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum)]
pub enum Words {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// HTTP/1.1, and WebSocket after it.
    #[value(name = "websocket")]
    WebSocket,
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.words {
            Words::Http1 => "HTTP/1.1",
            Words::Http2 => "HTTP/2",
            Words::WebSocket => "WebSocket",
        })?;
        f.write_str(if self.tls { " over TLS" } else { "" })
    }
}

/// Events of a connection that are a reason for not doing as usual.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mishaps {
    /// The client has reset it.
    pub(crate) reset: bool,
    /// The network or the client have kept the server waiting for long.
    pub(crate) delayed: bool,
    /// The server reads no body only to keep a connection.
    pub(crate) impatient: bool,
    /// Work was refused.
    pub(crate) overloaded: bool,
    /// Work was never done.
    pub(crate) stuck: bool,
    /// Shutdown had begun.
    pub(crate) shut_down: bool,
    /// The shutdown deadline came before the end.
    pub(crate) hurried: bool,
}

impl Mishaps {
    /// Whether a request that has been accepted may go without its answer.
    pub(crate) fn excuse_silence(&self) -> bool {
        self.reset || self.delayed || self.stuck || self.hurried
    }

    /// Whether a request may go unheard.
    pub(crate) fn excuse_deafness(&self) -> bool {
        self.excuse_silence() || self.shut_down || self.impatient
    }

    /// Whether a request may be answered so instead.
    pub(crate) fn excuse_status(&self, status: u16) -> bool {
        (status == 503 && self.overloaded) || (status == 408 && self.delayed)
    }

    /// All that there were.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let all = [
            (self.reset, "reset by the client"),
            (self.delayed, "long delays"),
            (self.impatient, "bodies nobody wants not read"),
            (self.overloaded, "work refused"),
            (self.stuck, "work never done"),
            (self.shut_down, "shutdown"),
            (self.hurried, "shutdown deadline"),
        ];
        all.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect()
    }
}
