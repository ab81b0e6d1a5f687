//! A queue of timers, at most one for each connection: for event loops without a runtime.

use std::collections::BTreeSet;
use std::time::Instant;

/// Moments and the keys that they are for, the earliest first.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    queue: BTreeSet<(Instant, usize)>,
}

impl Timers {
    /// Sets the timer of `key`, in place of the `old` one. A timer that fires too early does no
    /// harm, so one that is set is moved only to be earlier.
    pub(crate) fn set(&mut self, old: &mut Option<Instant>, moment: Instant, key: usize) {
        if old.is_none_or(|old| moment < old) {
            self.cancel(old.replace(moment), key);
            self.queue.insert((moment, key));
        }
    }

    /// Removes the timer of `key`.
    pub(crate) fn cancel(&mut self, timer: Option<Instant>, key: usize) {
        if let Some(moment) = timer {
            self.queue.remove(&(moment, key));
        }
    }

    /// When the next timer fires.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|&(moment, _)| moment)
    }

    /// Removes the next timer that has fired by `now`, and returns its key.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<usize> {
        if self.next()? > now {
            return None;
        }
        self.queue.pop_first().map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timers_fire_in_order_not_early_and_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut timers = Timers::default();
        let mut set = [None; 3];
        for (key, moment) in [(0, at(9)), (1, at(1)), (2, at(2)), (0, at(3)), (1, at(5))] {
            timers.set(&mut set[key], moment, key);
        }
        assert_eq!(set, [Some(at(3)), Some(at(1)), Some(at(2))], "only ever earlier");
        timers.cancel(set[2], 2);
        assert_eq!(timers.pop(start), None);
        assert_eq!(timers.pop(at(2)), Some(1));
        assert_eq!(timers.pop(at(2)), None);
        assert_eq!(timers.next(), Some(at(3)));
        assert_eq!(timers.pop(at(99)), Some(0));
        assert_eq!(timers.pop(at(99)), None, "nothing is left behind");
    }
}
