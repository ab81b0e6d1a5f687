//! The event loop: level and edge.
//!
//! Two pollers watch the same socket. A level-triggered one reports it whenever it *is* readable;
//! an edge-triggered one whenever it has *become* so: something has arrived since it was last
//! asked. A script says what arrives, what is read, and when both are asked. Say for each `Wait`,
//! in order, whether the socket is reported (`true`) or not.
//!
//! The model below answers in the tests; do not run it before you have answered. Each of the
//! scripts is a mistake that somebody has made: a loop that sleeps on bytes, or one that turns in
//! circles.

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
    todo!("three answers each")
}

pub fn ignored() -> Reports {
    todo!("five answers each")
}

pub fn read_already() -> Reports {
    todo!("three answers each")
}

/// Which of the scripts leaves an edge-triggered loop asleep although there are bytes to read, if
/// it reads only when the socket is reported?
pub fn sleeps_on_bytes() -> &'static [Act] {
    todo!("one of the three")
}
