//! The account of output: how much has been appended and not been sent, and how long the peer may
//! take for it.

use std::time::{Duration, Instant};

use crate::clock::after;
use crate::progress::Progress;

/// Counts output that has been appended to the caller's buffer and not been reported as sent.
#[derive(Debug)]
pub struct Unsent {
    bytes: u64,
    progress: Progress,
}

impl Unsent {
    /// Begins with nothing.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Unsent { bytes: 0, progress: Progress::start(now) }
    }

    /// So many bytes have been appended. The peer's time begins with the first.
    pub fn append(&mut self, bytes: usize, now: Instant) {
        if self.bytes == 0 && bytes > 0 {
            self.reset_timeout(now);
        }
        self.bytes += bytes as u64;
    }

    /// So many bytes have been sent. Returns how many of them were not on this account: they are of
    /// what is sent behind it, a file for instance.
    pub fn sent(&mut self, bytes: u64, now: Instant) -> u64 {
        self.progress.advance(bytes, now);
        let ours = bytes.min(self.bytes);
        self.bytes -= ours;
        bytes - ours
    }

    /// It was not the peer that was slow: its time begins again.
    pub fn reset_timeout(&mut self, now: Instant) {
        self.progress = Progress::start(now);
    }

    /// How much is unsent, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether everything has been sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Whether less is unsent than there may be. There is room for something even with a mark of 0,
    /// or nothing would ever be sent.
    #[must_use]
    pub fn has_room(&self, high_water: usize) -> bool {
        self.bytes < high_water.max(1) as u64
    }

    /// When the peer has to have taken more, if something is unsent.
    #[must_use]
    pub fn deadline(&self, write_timeout: Duration) -> Option<Instant> {
        (!self.is_empty()).then(|| self.next_deadline(write_timeout))
    }

    /// When the peer has to have taken more, if something is to be sent that is not on this
    /// account.
    #[must_use]
    pub fn next_deadline(&self, write_timeout: Duration) -> Instant {
        after(self.progress.since(), write_timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::moment;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_sent_beyond_the_account_is_returned() {
        let now = moment();
        let mut unsent = Unsent::new(now);
        unsent.append(10, now);
        assert_eq!((unsent.sent(4, now), unsent.bytes()), (0, 6));
        assert_eq!((unsent.sent(9, now), unsent.bytes()), (3, 0));
        assert!(unsent.is_empty());
    }

    #[test]
    fn the_deadline_begins_with_the_first_byte_and_moves_with_progress_only() {
        let start = moment();
        let mut unsent = Unsent::new(start);
        assert_eq!(unsent.deadline(SECOND), None);
        unsent.append(5000, start + SECOND);
        unsent.append(5000, start + 2 * SECOND);
        assert_eq!(unsent.deadline(SECOND), Some(start + 2 * SECOND));
        unsent.sent(100, start + 2 * SECOND);
        assert_eq!(unsent.deadline(SECOND), Some(start + 2 * SECOND), "that is hardly progress");
        unsent.sent(1000, start + 3 * SECOND);
        assert_eq!(unsent.deadline(SECOND), Some(start + 4 * SECOND));
        unsent.reset_timeout(start + 9 * SECOND);
        assert_eq!(unsent.deadline(SECOND), Some(start + 10 * SECOND));
    }

    #[test]
    fn there_is_room_below_the_high_water_mark() {
        let now = moment();
        let mut unsent = Unsent::new(now);
        assert!(unsent.has_room(0) && unsent.has_room(1));
        unsent.append(1, now);
        assert!(!unsent.has_room(0) && !unsent.has_room(1) && unsent.has_room(2));
    }
}
