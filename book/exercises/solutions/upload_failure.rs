//! Answering well: errors that say what can be done, and by whom.
//!
//! # Explanation
//! `store` decides, where it still knows what it was doing, who can do something about a failure;
//! the conversion to an answer decides nothing any more, it writes down. What the client reads is
//! fixed text, so that nothing of ours is in it; what the operator reads holds the cause, and the
//! client's name in quotes with `{:?}`, so that a line feed in it cannot forge a line of the log.

use std::io::{self, ErrorKind};

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
    if name.is_empty() || name.starts_with('.') || name.contains('/') {
        return Err(Failure::Name);
    }
    if bytes.len() > LONGEST {
        return Err(Failure::TooLong);
    }
    let cause = match write(disk, name, bytes) {
        Ok(()) => return Ok(()),
        Err(cause) => cause,
    };
    let name = name.to_owned();
    Err(match cause.kind() {
        ErrorKind::Interrupted | ErrorKind::TimedOut | ErrorKind::ResourceBusy => {
            Failure::Busy { name, cause }
        }
        ErrorKind::StorageFull => Failure::Full { name, cause },
        _ => Failure::Broken { name, cause },
    })
}

/// Writes, again if it was interrupted.
fn write(disk: &mut dyn Disk, name: &str, bytes: &[u8]) -> io::Result<()> {
    for _ in 1..TRIES {
        match disk.write(name, bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
    disk.write(name, bytes)
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        let (status, retry_after, body, log) = match failure {
            Failure::Name => (400, None, "choose another name\n", None),
            Failure::TooLong => (413, None, "too long\n", None),
            Failure::Busy { name, cause } => {
                (503, Some(2), "try again\n", Some(format!("warning: {name:?}: {cause}")))
            }
            Failure::Full { name, cause } => {
                (507, None, "no room\n", Some(format!("error: {name:?}: {cause}")))
            }
            Failure::Broken { name, cause } => {
                (500, None, "our fault\n", Some(format!("error: {name:?}: {cause}")))
            }
        };
        Answer { status, retry_after, body, log }
    }
}
