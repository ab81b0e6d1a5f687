//! How long a peer is waited for at the end of a connection.

use std::time::{Duration, Instant};

use crate::clock::after;

/// How long a connection that we have ended waits for the peer to close its side. What arrives is
/// thrown away, and puts the end off: a peer that still sends has yet to read, and closing would
/// reset the connection and destroy what we said last (RFC 9112 §9.6). But not forever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linger {
    /// When the peer has been silent for long enough.
    by: Instant,
    /// When it is over, whatever arrives.
    end: Instant,
}

impl Linger {
    /// The longest that a peer which goes on sending is waited for.
    pub const LONGEST: Duration = Duration::from_secs(30);

    /// Begins to wait for a silence of this length, which may be longer than [`Linger::LONGEST`].
    #[must_use]
    pub fn start(silence: Duration, now: Instant) -> Self {
        let end = after(now, silence.max(Self::LONGEST));
        Linger { by: after(now, silence), end }
    }

    /// Something has arrived: the same silence is waited for once more.
    pub fn heard(&mut self, silence: Duration, now: Instant) {
        self.by = after(now, silence).min(self.end);
    }

    /// When it is over, unless something arrives before.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.by
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::moment;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_linger_ends_with_silence() {
        let start = moment();
        let mut linger = Linger::start(2 * SECOND, start);
        assert_eq!(linger.deadline(), start + 2 * SECOND);
        linger.heard(2 * SECOND, start + SECOND);
        assert_eq!(linger.deadline(), start + 3 * SECOND);
    }

    #[test]
    fn a_linger_ends_although_the_peer_goes_on() {
        let start = moment();
        let mut linger = Linger::start(2 * SECOND, start);
        for second in 0..29 {
            linger.heard(2 * SECOND, start + second * SECOND);
            assert_eq!(
                linger.deadline(),
                (start + (second + 2) * SECOND).min(start + Linger::LONGEST)
            );
        }
        linger.heard(2 * SECOND, start + 29 * SECOND);
        assert_eq!(linger.deadline(), start + Linger::LONGEST);
    }

    #[test]
    fn a_linger_may_be_of_any_length() {
        let start = moment();
        for silence in [Duration::ZERO, 60 * SECOND, Duration::MAX] {
            let mut linger = Linger::start(silence, start);
            let by = after(start, silence);
            assert_eq!(linger.deadline(), by);
            linger.heard(silence, start + SECOND);
            assert_eq!(
                linger.deadline(),
                after(start + SECOND, silence).min(by.max(start + Linger::LONGEST))
            );
        }
    }
}
