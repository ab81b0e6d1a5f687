//! The event loop: waits are measured, also those that go on.
//!
//! Two collections: since when each connection waits, and the waits that are over. An event for one
//! that waits already changes nothing: `or_insert` keeps the first moment, and with `insert` a
//! client that sends byte after byte would seem to have waited for an instant.
//!
//! The percentile takes both collections together. The rank is `p * n / 100`, rounded up, and
//! counted from 1: of one wait every percentile is that wait, of two the 50th is the shorter one.
//! Rounded down it would be 0 for small numbers, and interpolated it would be a wait that nobody
//! had.

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
        self.since.entry(key).or_insert(now);
    }

    /// A connection has its turn.
    pub fn on_turn(&mut self, key: usize, now: u64) {
        self.waits.extend(self.since.remove(&key).map(|since| now - since));
    }

    /// A connection has gone.
    pub fn on_closed(&mut self, key: usize, now: u64) {
        self.on_turn(key, now);
    }

    /// The wait that `p` of 100 do not exceed.
    pub fn percentile(&self, p: usize, now: u64) -> Option<u64> {
        let mut all = self.waits.clone();
        all.extend(self.since.values().map(|since| now - since));
        all.sort_unstable();
        let rank = (p * all.len()).div_ceil(100);
        all.get(rank.checked_sub(1)?).copied()
    }
}
