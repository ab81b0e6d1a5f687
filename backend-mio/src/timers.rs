//! A queue of timers. They are never taken out before their time: one that has become too early
//! or pointless is found out when it fires.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Moments and what they are for, the earliest first.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
}

impl Timers {
    pub(crate) fn push(&mut self, moment: Instant, key: usize) {
        self.heap.push(Reverse((moment, key)));
    }

    /// When the next timer fires.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|&Reverse((moment, _))| moment)
    }

    /// The next timer whose moment has come.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(Instant, usize)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(timer)| timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timers_fire_in_order_and_not_early() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut timers = Timers::default();
        for (moment, key) in [(at(3), 30), (at(1), 10), (at(2), 20)] {
            timers.push(moment, key);
        }
        assert_eq!(timers.pop(start), None);
        assert_eq!(timers.pop(at(2)), Some((at(1), 10)));
        assert_eq!(timers.pop(at(2)), Some((at(2), 20)));
        assert_eq!(timers.pop(at(2)), None);
        assert_eq!(timers.next(), Some(at(3)));
    }
}
