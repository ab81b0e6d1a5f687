//! How a connection ends: the states that every protocol goes through, and what moves it on.
//!
//! ```text
//!                finish                 all is sent               the peer closes its side
//!  Open ─────────────────────► Flushing ───────────► Lingering ───────────────────────────► Closed
//!    │                             ▲  │                                                       ▲
//!    └─ finish_without_lingering ───┘ └── all is sent, and nobody is waited for ──────────────┤
//!  any of them ───────────────────── abort: a deadline, a failure ────────────────────────────┘
//! ```
//!
//! | from | on | to |
//! |---|---|---|
//! | Open | finish | Flushing |
//! | Open | finish_without_lingering | Flushing |
//! | Open | abort | Closed |
//! | Flushing | all is sent | Lingering |
//! | Flushing | all is sent, nobody is waited for | Closed |
//! | Flushing | abort | Closed |
//! | Lingering | the peer closes its side | Closed |
//! | Lingering | abort | Closed |

use std::time::{Duration, Instant};

use crate::linger::Linger;
use crate::protocol::Step;

// ANCHOR: phase
/// How far a connection is from its end. `S` tells the states apart that a protocol has while it is
/// open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase<S = ()> {
    /// Both sides may send.
    Open(S),
    /// We have nothing more to say, and what we have said is on its way. No input is looked at.
    Flushing {
        /// Whether the peer is waited for once all is sent.
        lingers: bool,
    },
    /// Our side is closed. Input is thrown away until the peer closes its own: a reset would
    /// destroy what the peer has yet to read (RFC 9112 §9.6).
    Lingering(Linger),
    /// The connection is over.
    Closed,
}
// ANCHOR_END: phase

impl<S> Phase<S> {
    /// Everything has been said: the connection ends when it is sent and the peer has closed.
    pub fn finish(&mut self) {
        self.flush(true);
    }

    /// Everything has been said, and the peer need not be waited for: nothing is under way that a
    /// reset could destroy.
    pub fn finish_without_lingering(&mut self) {
        self.flush(false);
    }

    fn flush(&mut self, lingers: bool) {
        if self.is_open() {
            *self = Phase::Flushing { lingers };
        }
    }

    /// The connection ends at once, whatever is under way.
    pub fn abort(&mut self) {
        *self = Phase::Closed;
    }

    /// So many bytes have arrived. A peer that still sends has yet to read: it is waited for again.
    pub fn heard(&mut self, bytes: usize, linger_timeout: Duration, now: Instant) {
        if let Phase::Lingering(linger) = self
            && bytes > 0
        {
            linger.heard(linger_timeout, now);
        }
    }

    /// Moves on as far as the end allows, and says what its driver has to do for that.
    #[inline]
    pub fn poll(
        &mut self,
        is_all_sent: bool,
        peer_has_closed: bool,
        linger_timeout: Duration,
        now: Instant,
    ) -> Option<Step> {
        match self {
            Phase::Flushing { lingers } if is_all_sent => {
                *self = match *lingers {
                    true => Phase::Lingering(Linger::start(linger_timeout, now)),
                    false => Phase::Closed,
                };
                Some(Step::ShutdownWrite)
            }
            Phase::Lingering(_) if peer_has_closed => {
                *self = Phase::Closed;
                Some(Step::Close)
            }
            Phase::Closed => Some(Step::Close),
            _ => None,
        }
    }

    /// Whether both sides may send.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Phase::Open(_))
    }

    /// Whether the peer is waited for, and its input thrown away.
    #[must_use]
    pub fn is_lingering(&self) -> bool {
        matches!(self, Phase::Lingering(_))
    }

    /// Whether the connection is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Phase::Closed)
    }

    /// When the peer has been waited for long enough.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Phase::Lingering(linger) => Some(linger.deadline()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::tests::moment;
    use std::collections::BTreeSet;

    type Event = (&'static str, fn(&mut Phase, Instant));

    const LINGER: Duration = Duration::from_secs(2);

    fn name(phase: Phase) -> &'static str {
        match phase {
            Phase::Open(()) => "Open",
            Phase::Flushing { .. } => "Flushing",
            Phase::Lingering(_) => "Lingering",
            Phase::Closed => "Closed",
        }
    }

    /// Whatever happens in whatever phase is in the table of the documentation, and the reverse.
    #[test]
    fn the_table_has_every_transition() {
        let now = moment();
        let phases = [
            Phase::Open(()),
            Phase::Flushing { lingers: true },
            Phase::Flushing { lingers: false },
            Phase::Lingering(Linger::start(LINGER, now)),
            Phase::Closed,
        ];
        let events: [Event; 6] = [
            ("finish", |phase, _| phase.finish()),
            ("finish_without_lingering", |phase, _| phase.finish_without_lingering()),
            ("abort", |phase, _| phase.abort()),
            ("heard", |phase, now| phase.heard(1, LINGER, now)),
            ("all is sent", |phase, now| drop(phase.poll(true, false, LINGER, now))),
            ("the peer closes its side", |phase, now| drop(phase.poll(false, true, LINGER, now))),
        ];
        let mut seen = BTreeSet::new();
        for before in phases {
            for (event, happen) in events {
                let mut phase = before;
                happen(&mut phase, now);
                if name(phase) != name(before) {
                    let alone = before == Phase::Flushing { lingers: false } && event != "abort";
                    let tail = if alone { ", nobody is waited for" } else { "" };
                    let row = format!("//! | {} | {event}{tail} | {} |", name(before), name(phase));
                    seen.insert(row);
                }
            }
        }
        let table = include_str!("phase.rs").lines().filter(|line| line.starts_with("//! | "));
        let table: BTreeSet<_> = table.skip(1).map(str::to_owned).collect();
        assert_eq!(table, seen);
    }

    #[test]
    fn polling_says_each_step_once() {
        let now = moment();
        let mut phase = Phase::Open(());
        assert!(phase.poll(true, true, LINGER, now).is_none(), "nothing ends by itself");
        phase.finish();
        assert!(phase.poll(false, true, LINGER, now).is_none(), "something is unsent");
        assert!(matches!(phase.poll(true, false, LINGER, now), Some(Step::ShutdownWrite)));
        assert_eq!(phase.deadline(), Some(now + LINGER));
        assert!(phase.poll(true, false, LINGER, now).is_none(), "the peer is waited for");
        assert!(matches!(phase.poll(true, true, LINGER, now), Some(Step::Close)));
        assert!(phase.is_closed() && phase.deadline().is_none());
    }
}
