//! The event loop: a moment in time.
//!
//! An event loop sleeps in one call, with one timeout. Every connection has one deadline, or none,
//! and it changes with nearly every event. This is the queue between the two.
//!
//! * A connection (a key) has at most one deadline: setting another replaces it, `None` removes it.
//! * `pop` gives out the keys whose moment has come, the earliest first, and each only once.
//! * `next` is when the loop has to wake up. It is never later than the earliest deadline. It may
//!   be earlier: to wake up without need does no harm, as long as it is not forever.
//! * Taking an entry out of the middle of a heap is slow. You need not: leave it there, and find
//!   out when it fires that it is stale. (But do not let stale entries grow without bound: when
//!   there are more than [`MOST_STALE`] times as many entries as keys, sort them out.)
//!
//! Time is a number of milliseconds here; it comes in, and nobody reads a clock.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// Entries for each key, at most, when there are more than a few keys.
pub const MOST_STALE: usize = 4;

#[derive(Default)]
pub struct Timers {
    /// What has been asked for, some of it stale.
    heap: BinaryHeap<Reverse<(u64, usize)>>,
    /// What is true.
    deadlines: HashMap<usize, u64>,
}

impl Timers {
    /// The deadline of `key` from now on.
    pub fn set(&mut self, key: usize, deadline: Option<u64>) {
        todo!()
    }

    /// When to wake up; `None` if there is nothing to wake up for.
    pub fn next(&self) -> Option<u64> {
        todo!()
    }

    /// A key whose moment has come. Its deadline is gone then.
    pub fn pop(&mut self, now: u64) -> Option<usize> {
        todo!()
    }

    /// Entries kept, stale ones included.
    pub fn entries(&self) -> usize {
        self.heap.len()
    }
}
