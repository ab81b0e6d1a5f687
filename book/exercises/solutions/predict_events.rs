//! The event loop: level and edge, answered.
//!
//! A level is a question about the socket, asked again each time: is something there? So what was
//! not read is reported again, in `half_read` and in `ignored`: convenient, and the reason why a
//! loop that cannot read now (since its own buffer is full) turns in circles until it stops
//! watching.
//!
//! An edge is a question about what has happened since the last answer. What was there before is
//! not mentioned again, so half a read is followed by silence with bytes in the socket. New bytes
//! are an edge even if the old ones are still there, and bytes that are read before the poller is
//! asked are reported all the same: an event that brings nothing. That is why an edge-triggered
//! loop reads until the read would block, and minds neither.

/// What happens, in order.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// So many bytes arrive.
    Arrive(usize),
    /// The loop reads so many bytes, or what there is.
    Read(usize),
    /// Both pollers are asked.
    Wait,
}

use Act::{Arrive, Read, Wait};

/// The loop reads a part, and asks again.
pub const HALF_READ: &[Act] = &[Arrive(10), Wait, Read(4), Wait, Read(100), Wait];

/// The loop does not read at all, for its buffer is full.
pub const IGNORED: &[Act] = &[Wait, Arrive(1), Wait, Wait, Wait, Arrive(1), Wait];

/// Bytes arrive while the loop reads, and it has read them before it asks.
pub const READ_ALREADY: &[Act] = &[Arrive(5), Wait, Arrive(5), Read(100), Wait, Wait];

/// What the two pollers report.
#[derive(Debug, PartialEq, Eq)]
pub struct Reports {
    pub level: Vec<bool>,
    pub edge: Vec<bool>,
}

/// The model.
pub fn play(script: &[Act]) -> Reports {
    let (mut bytes, mut has_arrived) = (0, false);
    let mut reports = Reports { level: Vec::new(), edge: Vec::new() };
    for act in script {
        match *act {
            Arrive(count) => {
                bytes += count;
                has_arrived = true;
            }
            Read(count) => bytes -= bytes.min(count),
            Wait => {
                reports.level.push(bytes > 0);
                reports.edge.push(std::mem::take(&mut has_arrived));
            }
        }
    }
    reports
}

pub fn half_read() -> Reports {
    Reports { level: vec![true, true, false], edge: vec![true, false, false] }
}

pub fn ignored() -> Reports {
    let (level, edge) = ([false, true, true, true, true], [false, true, false, false, true]);
    Reports { level: level.to_vec(), edge: edge.to_vec() }
}

pub fn read_already() -> Reports {
    Reports { level: vec![true, false, false], edge: vec![true, true, false] }
}

/// Which of the scripts leaves an edge-triggered loop asleep although there are bytes to read, if
/// it reads only when the socket is reported?
pub fn sleeps_on_bytes() -> &'static [Act] {
    HALF_READ
}
