//! Answering well: errors that say what can be done, and by whom.
//!
//! An upload may fail in many ways. Sort them by who can do something about it, and answer.
//!
//! | what | failure | status | client reads | log |
//! |---|---|---|---|---|
//! | the name is empty, begins with `.` or holds `/` | `Name` | 400 | `choose another name` | |
//! | more than [`LONGEST`] bytes | `TooLong` | 413 | `too long` | |
//! | `Interrupted`, `TimedOut`, `ResourceBusy` | `Busy` | 503 | `try again` | `warning` |
//! | `StorageFull` | `Full` | 507 | `no room` | `error` |
//! | any other error of the disk | `Broken` | 500 | `our fault` | `error` |
//!
//! * A 503 has `Retry-After: 2`. No other answer has that field.
//! * The name is looked at before the length, and both before the disk is.
//! * A write that is `Interrupted` is tried again at once, [`TRIES`] times in all. Nothing else is.
//! * The texts that the client reads end in a line feed, and hold nothing else.
//! * A line of the log is `error: NAME: CAUSE` or `warning: NAME: CAUSE`. The name is the client's:
//!   it may hold anything, and must not be able to write a line of its own. Show it with `{:?}`,
//!   and the cause with `{}`.
//! * What the client does wrong is not logged, or clients fill the log.

use std::io;

/// Where uploads are kept.
pub trait Disk {
    /// Writes a file.
    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;
}

/// The longest upload, in bytes.
pub const LONGEST: usize = 1 << 10;

/// How often a write is tried in all when it is interrupted.
pub const TRIES: usize = 3;

/// Why an upload was not stored, by who can do something about it.
#[derive(Debug)]
pub enum Failure {
    /// The client can: by another name.
    Name,
    /// The client can: by a shorter upload.
    TooLong,
    /// Time can.
    Busy { name: String, cause: io::Error },
    /// The operator can: by a larger disk.
    Full { name: String, cause: io::Error },
    /// The operator can, who has to find out.
    Broken { name: String, cause: io::Error },
}

/// What goes to the client, and what goes to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The value of `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
    /// What the client reads.
    pub body: &'static str,
    /// What the operator reads.
    pub log: Option<String>,
}

/// Stores an upload.
pub fn store(disk: &mut dyn Disk, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    todo!()
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        todo!()
    }
}
