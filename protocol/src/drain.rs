//! What a connection knows of shutdown: until when it may idle, and when it has to be gone.

use std::time::{Duration, Instant};

/// The drain phase of a connection. It begins when
/// [`Protocol::shutdown`](crate::Protocol::shutdown) is called.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drain(Option<Times>);

#[derive(Clone, Copy, Debug)]
struct Times {
    grace_ends: Instant,
    deadline: Instant,
}

impl Drain {
    /// How long an idle connection may still be used once shutdown has begun. A request that
    /// crosses the signal on the wire is answered, not lost.
    pub const GRACE: Duration = Duration::from_millis(500);

    /// Shutdown has begun, and the connection has to be gone at this moment. A second call changes
    /// the deadline alone.
    pub fn begin(&mut self, deadline: Instant, now: Instant) {
        let grace_ends = deadline.min(now + Self::GRACE);
        self.0.get_or_insert(Times { grace_ends, deadline }).deadline = deadline;
    }

    /// Whether shutdown has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.is_some()
    }

    /// From when on an idle connection is closed.
    #[must_use]
    pub fn grace_ends(&self) -> Option<Instant> {
        self.0.map(|times| times.grace_ends)
    }

    /// When the connection has to be gone, finished or not.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.map(|times| times.deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::moment;

    #[test]
    fn a_second_shutdown_changes_the_deadline_alone() {
        let now = moment();
        let mut drain = Drain::default();
        assert!(!drain.has_begun() && drain.deadline().is_none());
        drain.begin(now + 20 * Drain::GRACE, now);
        assert_eq!(drain.grace_ends(), Some(now + Drain::GRACE));
        drain.begin(now + 2 * Drain::GRACE, now + Drain::GRACE);
        assert_eq!(drain.grace_ends(), Some(now + Drain::GRACE));
        assert_eq!(drain.deadline(), Some(now + 2 * Drain::GRACE));
    }

    #[test]
    fn the_grace_ends_no_later_than_the_deadline() {
        let now = moment();
        let mut drain = Drain::default();
        drain.begin(now, now);
        assert_eq!((drain.grace_ends(), drain.deadline()), (Some(now), Some(now)));
    }
}
