//! What an observer is told, and when.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::load::board::Board;
use crate::load::observer::{Event, Next, Observer};
use crate::load::schedule::Window;

/// How often an observer is told how far the run is.
const PROGRESS: u64 = 250_000_000;

/// The observer, on one of the threads.
pub(super) struct Watch<'a> {
    observer: &'a mut Observer<'a>,
    window: Window,
    has_begun: bool,
    has_ended: bool,
    next: u64,
}

impl<'a> Watch<'a> {
    pub(super) fn new(observer: &'a mut Observer<'a>) -> Self {
        let window = Window { begin: u64::MAX, end: u64::MAX };
        Watch { observer, window, has_begun: false, has_ended: false, next: u64::MAX }
    }

    /// The time that counts is known now.
    pub(super) fn start(&mut self, window: Window) {
        self.window = window;
        self.next = 0;
    }

    /// When the time that counts begins or ends, whichever is next.
    pub(super) fn next_boundary(&self) -> u64 {
        match (self.has_begun, self.has_ended) {
            (false, _) => self.window.begin,
            (true, false) => self.window.end,
            (true, true) => u64::MAX,
        }
    }

    /// Tells what there is to tell.
    pub(super) fn look(&mut self, now: u64, board: &Board) {
        let event = if now >= self.next_boundary() {
            if self.has_begun {
                self.end();
                return;
            }
            self.has_begun = true;
            Event::Begun
        } else if now >= self.next {
            let elapsed = Duration::from_nanos(self.window.overlap(self.window.begin, now));
            Event::Progress { elapsed, requests: board.requests.load(Ordering::Relaxed) }
        } else {
            return;
        };
        self.next = now + PROGRESS;
        if (self.observer)(event) == Next::Stop {
            board.is_stopped.store(true, Ordering::Relaxed);
        }
    }

    /// Tells, once, that the time that counts has ended.
    pub(super) fn end(&mut self) {
        if self.has_begun && !self.has_ended {
            self.has_ended = true;
            // There is nothing left to stop.
            let _ = (self.observer)(Event::Ended);
        }
    }
}
