//! When requests are due: the schedule of an open loop.

use std::time::Duration;

use crate::load::plan::Step;

/// The moments at which requests are due, in nanoseconds of the [clock](crate::load::clock::Clock):
/// evenly spaced at the rate of each step, whatever becomes of them.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    segments: Vec<Segment>,
    /// The segment that the next moment is in, if it is not beyond its end.
    at: usize,
    /// The number of the next moment within its segment.
    number: u64,
    window: Window,
    /// How many moments in the window may still come.
    left: u64,
}

/// A time with one rate.
#[derive(Clone, Debug)]
struct Segment {
    start: u64,
    end: u64,
    interval: f64,
}

/// The time that counts: from `begin` on, until `end`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Window {
    pub(super) begin: u64,
    pub(super) end: u64,
}

impl Window {
    pub(super) fn contains(&self, moment: u64) -> bool {
        (self.begin..self.end).contains(&moment)
    }

    /// How much of the time between two moments is in the window.
    pub(super) fn overlap(&self, from: u64, to: u64) -> u64 {
        to.min(self.end).saturating_sub(from.max(self.begin))
    }
}

impl Schedule {
    /// The schedule from `start` to the end of the window, with `max` moments in the window at
    /// most. The first step lasts during the warm-up as well, the last one until the end.
    pub(super) fn new(steps: &[Step], start: u64, window: Window, max: Option<u64>) -> Self {
        let mut segments = Vec::with_capacity(steps.len());
        let (mut from, mut end) = (start, window.begin);
        for step in steps {
            end += nanoseconds(step.duration);
            segments.push(Segment { start: from, end, interval: 1e9 / step.rate });
            from = end;
        }
        if let Some(last) = segments.last_mut() {
            last.end = u64::MAX;
        }
        Schedule { segments, at: 0, number: 0, window, left: max.unwrap_or(u64::MAX) }
    }

    /// The next moment, were there no end.
    fn moment(&mut self) -> Option<u64> {
        loop {
            let segment = self.segments.get(self.at)?;
            let moment = segment.start + (self.number as f64 * segment.interval) as u64;
            if moment < segment.end {
                self.number += 1;
                return Some(moment);
            }
            self.at += 1;
            self.number = 0;
        }
    }
}

impl Iterator for Schedule {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let moment = self.moment().filter(|&moment| moment < self.window.end)?;
        if moment >= self.window.begin {
            self.left = self.left.checked_sub(1)?;
        }
        Some(moment)
    }
}

/// A duration as the clock counts it.
pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn step(rate: f64, seconds: u64) -> Step {
        Step { rate, duration: Duration::from_secs(seconds) }
    }

    /// From second 10 on, counted from second 11 to 15.
    fn schedule(steps: &[Step], max: Option<u64>) -> Schedule {
        let window = Window { begin: 11 * SECOND, end: 15 * SECOND };
        Schedule::new(steps, 10 * SECOND, window, max)
    }

    #[test]
    fn moments_are_evenly_spaced_from_the_start_to_the_end() {
        let moments: Vec<_> = schedule(&[step(4.0, 1)], None).collect();
        assert_eq!(moments.len(), 4 * 5);
        assert_eq!(moments[0], 10 * SECOND);
        assert!(moments.windows(2).all(|pair| pair[1] - pair[0] == SECOND / 4));
    }

    #[test]
    fn a_rate_that_does_not_divide_a_second_does_not_drift() {
        let moments: Vec<_> = schedule(&[step(3.0, 1)], None).collect();
        assert_eq!(moments.len(), 15);
        assert_eq!((moments[1], moments[3]), (10_333_333_333, 11 * SECOND));
    }

    #[test]
    fn steps_follow_each_other_and_the_last_one_stays() {
        let moments: Vec<_> =
            schedule(&[step(2.0, 1), step(10.0, 2), step(1.0, 1)], None).collect();
        let between = |from: u64, to: u64| {
            moments.iter().filter(|moment| (from * SECOND..to * SECOND).contains(moment)).count()
        };
        assert_eq!((between(10, 12), between(12, 14), between(14, 15)), (4, 20, 1));
    }

    #[test]
    fn at_most_so_many_are_in_the_window_and_the_warm_up_does_not_count() {
        let moments: Vec<_> = schedule(&[step(10.0, 9)], Some(7)).collect();
        assert_eq!(moments.len(), 10 + 7);
    }

    #[test]
    fn threads_that_take_turns_have_the_whole_schedule_between_them() {
        let whole: Vec<_> = schedule(&[step(7.0, 9)], Some(20)).collect();
        let mut parts: Vec<_> = (0..3)
            .flat_map(|thread| schedule(&[step(7.0, 9)], Some(20)).skip(thread).step_by(3))
            .collect();
        parts.sort_unstable();
        assert_eq!(parts, whole);
    }

    #[test]
    fn the_part_of_a_time_that_is_in_the_window() {
        let window = Window { begin: 10, end: 20 };
        assert_eq!(window.overlap(0, 5), 0);
        assert_eq!(window.overlap(5, 12), 2);
        assert_eq!(window.overlap(12, 15), 3);
        assert_eq!(window.overlap(5, 25), 10);
        assert_eq!(window.overlap(25, 30), 0);
    }
}
