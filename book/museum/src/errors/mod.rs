//! Five levels of error handling: the same page, looked up five times.
//!
//! A page is a file with a number for its name, and a footer that all pages have. What can go wrong
//! is the same on each level; what the caller gets to know of it is not.

use std::io;

pub mod level1;
pub mod level2;
pub mod level3;
pub mod level4;
pub mod level5;
pub mod table;

/// What goes to the client, and what goes to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The value of `Retry-After`, in seconds, if the client may try again.
    pub retry_after: Option<u32>,
    /// What the client reads.
    pub body: String,
    /// What the operator reads, if there is anything to do.
    pub log: Option<String>,
}

impl Answer {
    /// An answer that is no page, and of which the log knows nothing.
    #[must_use]
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Answer { status, retry_after: None, body: body.into(), log: None }
    }
}

/// Where pages are read from: a function, so that a test can cause every error.
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    /// Reads a file to its end.
    pub read: fn(name: &str) -> io::Result<String>,
}

/// Linux: no such file.
const ENOENT: i32 = 2;

/// Linux: this process has as many files open as it may.
const EMFILE: i32 = 24;

impl Pages {
    /// Page 1 is there. Page 2 is not text. For page 3 the system has no file descriptor.
    pub const WHOLE: Pages = Pages {
        read: |name| match name {
            "1.txt" => Ok("The first page.\n".into()),
            "2.txt" => Err(io::Error::new(io::ErrorKind::InvalidData, "not UTF-8")),
            "3.txt" => Err(io::Error::from_raw_os_error(EMFILE)),
            "footer.txt" => Ok("The museum is open.\n".into()),
            _ => Err(io::Error::from_raw_os_error(ENOENT)),
        },
    };

    /// The same, but somebody has deleted the footer.
    pub const WITHOUT_FOOTER: Pages = Pages {
        read: |name| match name {
            "footer.txt" => Err(io::Error::from_raw_os_error(ENOENT)),
            other => (Pages::WHOLE.read)(other),
        },
    };
}
