//! What an observer of a run is told, and may say.

use std::time::Duration;

/// Is told what happens.
pub(super) type Observer<'a> = dyn FnMut(Event) -> Next + Send + 'a;

/// What happens while a load is put on a server.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Event {
    /// The time that counts begins, and so does what the observer counts of the server.
    Begun,
    /// About four times a second, from the beginning of the warm-up until the last response is no
    /// longer waited for: how long has been counted, and how many responses.
    Progress {
        /// Of [`Plan::duration`](crate::load::Plan::duration).
        elapsed: Duration,
        /// So far.
        requests: u64,
    },
    /// The time that counts has ended; requests under way are not waited for yet.
    Ended,
}

/// What an observer wants after an [`Event`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// The run goes on.
    Go,
    /// The run ends, with what has been counted so far.
    Stop,
}
