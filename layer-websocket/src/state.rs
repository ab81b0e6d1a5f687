//! The states of a WebSocket as data, and what may follow what (RFC 6455 §7).
//!
//! ```text
//!  New ──► Open ── our Close frame ──► Closing ── the peer's answer, or time is up ──┐
//!            │ the peer's Close frame and ours, a failure, the peer's end            │
//!            └─► Flushing ◄──────────────────────────────────────────────────────────┘
//!                   └── all is sent ──► Lingering ── the peer's end, or time is up ──► Closed
//! ```
//!
//! From `Closing` on messages that come are thrown away. From `Flushing` on it is the end that all
//! protocols share: [`Phase`](protocol::Phase). A peer that does not take its output is aborted,
//! and so is one that is still there at the shutdown deadline.
//!
//! | from | on | to |
//! |---|---|---|
//! | New | the first call | Open |
//! | Open | our Close frame | Closing |
//! | Closing | our Close frame has been sent | Closing |

use std::time::Instant;

use protocol::{Phase, Progress};

/// What a WebSocket does while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The socket has not been told that it is open.
    New,
    Open,
    /// We have sent a Close frame, and wait for the peer's. Once ours has been sent, until then.
    Closing(Option<Instant>),
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::New => "New",
            State::Open => "Open",
            State::Closing(_) => "Closing",
        }
    }
}

/// The table above.
const TRANSITIONS: [(&str, &str); 3] =
    [("New", "Open"), ("Open", "Closing"), ("Closing", "Closing")];

/// Moves on to another state of the table.
pub(crate) fn enter(phase: &mut Phase<State>, next: State) {
    debug_assert!(
        matches!(phase, Phase::Open(state) if TRANSITIONS.contains(&(state.name(), next.name()))),
        "{phase:?} to {next:?}"
    );
    *phase = Phase::Open(next);
}

/// Whether the peer is still there.
#[derive(Debug)]
pub(crate) struct Liveness {
    /// How far the peer has come in sending.
    pub(crate) heard: Progress,
    pub(crate) ping: Ping,
}

/// Whether we wait for a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ping {
    None,
    /// The Ping is on its way.
    Queued,
    /// Since when it can be answered.
    Sent(Instant),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_documentation_is_the_one_that_is_checked() {
        let checked = TRANSITIONS.map(|(from, to)| (from.to_owned(), to.to_owned()));
        assert_eq!(harness::transitions(include_str!("state.rs")), checked.into_iter().collect());
    }
}
