//! The event loop: how long does a connection wait?
//!
//! A loop is fair if nobody waits long for a turn. To say so, it has to be measured, and the usual
//! mistake is to measure only those who have had their turn: a connection that has waited for a
//! minute and still waits is not in the numbers, and a loop that starves it looks quick.
//!
//! * `on_ready`: a connection has something to read. If it waits already, it has waited since the
//!   first time.
//! * `on_turn`: its turn has come, and its wait is over. A turn of one that did not wait counts for
//!   nothing.
//! * `on_closed`: it has gone. If it waited, this is a wait as well: up to this moment.
//! * `percentile` of `p` (1 to 100) at a moment: the shortest wait such that at least `p` of 100
//!   waits are not longer ("nearest rank"). Those that still wait count with what they have waited
//!   so far. `None` if there is nothing to count.
//!
//! Time is a number; it comes in, and nobody reads a clock.

use std::collections::HashMap;

#[derive(Debug, Default)]
pub struct Meter {
    /// Since when a connection waits.
    since: HashMap<usize, u64>,
    /// The waits that are over.
    waits: Vec<u64>,
}

impl Meter {
    /// A connection has something to read.
    pub fn on_ready(&mut self, key: usize, now: u64) {
        todo!()
    }

    /// A connection has its turn.
    pub fn on_turn(&mut self, key: usize, now: u64) {
        todo!()
    }

    /// A connection has gone.
    pub fn on_closed(&mut self, key: usize, now: u64) {
        todo!()
    }

    /// The wait that `p` of 100 do not exceed.
    pub fn percentile(&self, p: usize, now: u64) -> Option<u64> {
        todo!()
    }
}
