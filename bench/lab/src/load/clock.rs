//! The time, in nanoseconds since the run was begun.

use std::time::Instant;

use crate::load::schedule::nanoseconds;

/// The clock that all threads of a run share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Clock(Instant::now())
    }

    pub(super) fn now(self) -> u64 {
        nanoseconds(self.0.elapsed())
    }
}
