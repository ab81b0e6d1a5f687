//! The states of a connection under TLS as data, and what may follow what.
//!
//! ```text
//!  New ──► Handshake ──► Established ──► Notifying ──► Flushing ──► Lingering ──► Closed
//!   │          │  Finished    │  the inner protocol       ▲
//!   │          │              │  has finished             │
//!   └──────────┴──────────────┴─── a failure: its alert ──┘
//! ```
//!
//! From `Flushing` on it is the end that all protocols share: [`Phase`].
//!
//! | from | on | to |
//! |---|---|---|
//! | New | the first bytes | Handshake |
//! | Handshake | the end of the handshake | Established |
//! | Established | the end of the inner protocol | Notifying |

use std::time::Instant;

use protocol::Phase;

/// What a connection does while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    /// Nothing has come yet.
    New,
    Handshake,
    Established,
    /// The inner protocol has nothing more to say: `close_notify` is to follow it.
    Notifying,
}

/// The table above.
const TRANSITIONS: [(Open, Open); 3] = [
    (Open::New, Open::Handshake),
    (Open::Handshake, Open::Established),
    (Open::Established, Open::Notifying),
];

/// How far a connection is, and until when it may be there.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) phase: Phase<Open>,
    /// When the handshake has to be over, or what was said last to be sent.
    pub(crate) deadline: Instant,
}

impl State {
    /// Moves on to another state of the table.
    pub(crate) fn enter(&mut self, next: Open) {
        debug_assert!(
            matches!(self.phase, Phase::Open(open) if TRANSITIONS.contains(&(open, next))),
            "{:?} to {next:?}",
            self.phase
        );
        self.phase = Phase::Open(next);
    }

    pub(crate) fn is(&self, open: Open) -> bool {
        self.phase == Phase::Open(open)
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.is(Open::New) || self.is(Open::Handshake)
    }

    /// When the current state has to be over, if that is for TLS to say.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Open(Open::New | Open::Handshake) | Phase::Flushing { .. } => {
                Some(self.deadline)
            }
            _ => self.phase.deadline(),
        }
    }
}

/// What comes in.
#[derive(Debug)]
pub(crate) struct Input {
    /// Whether the inner protocol wants input, or did when it was asked.
    pub(crate) is_wanted: bool,
    /// What the caller holds.
    pub(crate) held: Held,
    /// Plaintext that the inner protocol has not consumed.
    pub(crate) plaintext: Vec<u8>,
    /// Whether the client has said that nothing more comes (`close_notify`).
    pub(crate) has_notified: bool,
    /// Whether the client has closed its side of the socket.
    pub(crate) is_closed: bool,
}

/// What the caller holds because it came when input was not wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Nothing,
    Records,
    /// And behind them is the end of the stream.
    RecordsAndEnd,
}

impl Input {
    pub(crate) fn new() -> Self {
        Input {
            is_wanted: true,
            held: Held::Nothing,
            plaintext: Vec::new(),
            has_notified: false,
            is_closed: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_documentation_is_the_one_that_is_checked() {
        let checked = TRANSITIONS.map(|(from, to)| (format!("{from:?}"), format!("{to:?}")));
        assert_eq!(harness::transitions(include_str!("state.rs")), checked.into_iter().collect());
    }
}
