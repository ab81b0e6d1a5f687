//! Tapes: the bytes that came back, so that they can be compared.
//!
//! Everything is kept byte by byte but for what legitimately differs:
//!
//! * `date`: the clock goes on between two servers.
//! * `etag` and `last-modified` of what a script itself has uploaded: they are made of the number
//!   and the time of a file, which are the file system's. Those of the files that a script finds
//!   are the same for all, and are compared.
//! * `connection`, where the client closes its side with an answer due: a server that hears of that
//!   before the answer says that it is the last, and one that hears of it after cannot. A backend that
//!   waits for completions hears of it early, one that reads when it wants to read does not.

use std::fmt::Write;

use crate::folder::Folder;

/// The bytes that came back over the connections of one script.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Tape {
    bytes: Vec<u8>,
    wrong: Option<String>,
}

impl Tape {
    /// Writes down what came over one connection.
    pub(crate) fn add(&mut self, seen: &[u8], folder: &Folder, cut_short: bool) {
        let differs = |line: &[u8]| {
            line.starts_with(b"date: ")
                || cut_short && line.starts_with(b"connection: ")
                || line.starts_with(b"etag: ") && !folder.is_found(line)
                || line.starts_with(b"last-modified: ") && !folder.is_found(line)
        };
        for line in seen.split_inclusive(|&byte| byte == b'\n') {
            if !differs(line) {
                self.bytes.extend_from_slice(line);
            }
        }
    }

    /// Writes down something else, such as how a connection ended.
    pub(crate) fn note(&mut self, what: &str) {
        self.bytes.extend_from_slice(format!("\n({what})\n").as_bytes());
    }

    /// Writes down what no server may do, whatever the others do.
    pub(crate) fn wrong(&mut self, what: &str) {
        self.note(what);
        self.wrong.get_or_insert_with(|| what.to_owned());
    }

    /// The tape of a script with which a player panicked. Its message has been shown.
    pub(crate) fn of_panic() -> Self {
        let mut tape = Tape::default();
        tape.wrong("its player panicked");
        tape
    }

    /// The fault, if there was one.
    pub(crate) fn is_wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }

    /// Shows where two tapes part.
    pub(crate) fn difference(&self, name: &str, other: &Tape, other_name: &str) -> String {
        const BEFORE: usize = 300;
        const AFTER: usize = 200;
        let at = self.bytes.iter().zip(&other.bytes).take_while(|(one, two)| one == two).count();
        let mut text = format!("They agree on {at} bytes, of which the last are:\n");
        let mut show = |bytes: &[u8]| {
            for line in bytes.split_inclusive(|&byte| byte == b'\n') {
                let _ = writeln!(text, "    {}", line.escape_ascii()); // into memory
            }
        };
        show(&self.bytes[at.saturating_sub(BEFORE)..at]);
        for (name, tape) in [(name, self), (other_name, other)] {
            show(format!("-- {name}:\n").as_bytes());
            show(&tape.bytes[at..tape.bytes.len().min(at + AFTER)]);
        }
        text
    }
}
