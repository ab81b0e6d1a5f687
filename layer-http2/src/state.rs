//! The states of a stream as data, and what may follow what. Those of the connection are the ones
//! that all protocols share: [`Phase`](protocol::Phase).
//!
//! ```text
//!  Open ── response complete, the request body is not ──► Answered ──┐
//!   │ └── response and request body complete ────────────────────────┴──► Over
//!   └── reset by the client, or for its slowness ──► Cancelled
//! ```
//!
//! | from | on | to |
//! |---|---|---|
//! | Open | the end of the response before that of the request body | Answered |
//! | Open | the end of both, or a response that cannot be completed | Over |
//! | Open | a reset by either side | Cancelled |
//! | Answered | the end of the request body, or a reset | Over |

/// How far a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    /// The response is complete, as far as it is ours to write. A small rest of the body is thrown
    /// away: a reset would look like an error to many clients.
    Answered,
    /// Nothing more is to come from either side.
    Over,
    /// The client has no use for the answer, or cannot be given it.
    Cancelled,
}

/// The table above.
const TRANSITIONS: [(State, State); 4] = [
    (State::Open, State::Answered),
    (State::Open, State::Over),
    (State::Open, State::Cancelled),
    (State::Answered, State::Over),
];

impl State {
    /// Moves on to another state of the table.
    pub(crate) fn enter(&mut self, next: State) {
        debug_assert!(
            *self == next || TRANSITIONS.contains(&(*self, next)),
            "{self:?} to {next:?}"
        );
        *self = next;
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
