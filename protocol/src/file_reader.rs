//! A file read piece by piece, where the kernel cannot send it by itself.

use std::io;
use std::time::{Duration, Instant};

use crate::clock::after;
use crate::file::{FileRange, ReadFile};
use crate::work::{Outcome, Work};

/// Reads a range of a file piece by piece, as [`Work`]: for a protocol that cannot have the kernel
/// send the file, because it puts more than the file itself on the wire.
#[derive(Debug, Default)]
pub struct FileReader(State);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    /// A piece is being read.
    Reading,
    /// There was no room for the work: when to try again.
    Backoff(Instant),
}

/// What has come of reading a piece.
#[derive(Debug)]
pub enum Piece {
    /// These bytes, at least one.
    Bytes(Vec<u8>),
    /// There is no room for work: [`FileReader::deadline`] says when to try again.
    Later,
    /// The file cannot be read, or has become shorter: the response cannot be completed.
    Failed,
}

impl FileReader {
    /// How long reading rests when there is no room for work.
    pub const BACKOFF: Duration = Duration::from_millis(20);

    /// Begins to read at most so many bytes of a range, unless a piece is being read already or
    /// there was no room a moment ago.
    #[must_use]
    pub fn begin(
        &mut self,
        range: &FileRange,
        most: usize,
        read_file: ReadFile,
        now: Instant,
    ) -> Option<Work> {
        if self.is_held_up(now) {
            return None;
        }
        self.0 = State::Reading;
        let (range, most) = (range.clone(), length(range, most));
        Some(Work::other(move || {
            let mut piece = vec![0; most];
            let result = read_file(&range, &mut piece);
            result.map(|length| {
                piece.truncate(length);
                piece
            })
        }))
    }

    /// The work has come to this.
    #[must_use]
    pub fn complete(&mut self, outcome: Outcome, now: Instant) -> Piece {
        self.0 = State::Idle;
        let piece = match outcome {
            Outcome::Other(piece) => piece.downcast::<io::Result<Vec<u8>>>().ok(),
            Outcome::Overloaded => {
                self.0 = State::Backoff(after(now, Self::BACKOFF));
                return Piece::Later;
            }
            _ => None,
        };
        match piece.map(|piece| *piece) {
            Some(Ok(bytes)) if !bytes.is_empty() => Piece::Bytes(bytes),
            _ => Piece::Failed,
        }
    }

    /// The moment of [`FileReader::deadline`] has come. Too early a call does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        if !self.is_held_up(now) {
            self.0 = State::Idle;
        }
    }

    /// Whether neither a piece is being read nor one is to be tried again.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.0 == State::Idle
    }

    /// Whether no piece can be asked for now.
    #[must_use]
    pub fn is_held_up(&self, now: Instant) -> bool {
        match self.0 {
            State::Idle => false,
            State::Reading => true,
            State::Backoff(until) => now < until,
        }
    }

    /// When to try again, after there was no room.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.0 {
            State::Backoff(until) => Some(until),
            State::Idle | State::Reading => None,
        }
    }
}

/// How much of a range is read at once.
fn length(range: &FileRange, most: usize) -> usize {
    usize::try_from(range.length).unwrap_or(most).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test has both")]
    fn range() -> (FileRange, Instant) {
        let file = Arc::new(std::fs::File::open("Cargo.toml").unwrap());
        (FileRange { file, offset: 0, length: 10 }, Instant::now())
    }

    fn read(_: &FileRange, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(b'x');
        Ok(buffer.len())
    }

    fn outcome(work: Work) -> Outcome {
        let Work::Blocking(task) = work else { panic!("reading blocks") };
        task.run()
    }

    #[test]
    fn one_piece_is_read_at_a_time() {
        let ((range, now), mut reader) = (range(), FileReader::default());
        let work = reader.begin(&range, 4, read, now).unwrap();
        assert!(!reader.is_idle() && reader.begin(&range, 4, read, now).is_none());
        let piece = reader.complete(outcome(work), now);
        assert!(matches!(piece, Piece::Bytes(bytes) if bytes == b"xxxx"));
        assert!(reader.is_idle() && reader.begin(&range, 4, read, now).is_some());
    }

    #[test]
    fn without_room_for_work_reading_backs_off() {
        let ((range, now), mut reader) = (range(), FileReader::default());
        drop(reader.begin(&range, 4, read, now));
        assert!(matches!(reader.complete(Outcome::Overloaded, now), Piece::Later));
        let until = now + FileReader::BACKOFF;
        assert_eq!(reader.deadline(), Some(until));
        assert!(reader.begin(&range, 4, read, now).is_none());
        reader.handle_timeout(now);
        assert!(!reader.is_idle(), "it is too early");
        reader.handle_timeout(until);
        assert!(reader.is_idle() && reader.begin(&range, 4, read, until).is_some());
    }

    #[test]
    fn a_file_that_is_too_short_or_cannot_be_read_fails() {
        let ((range, now), mut reader) = (range(), FileReader::default());
        let short: ReadFile = |_, _| Ok(0);
        let broken: ReadFile = |_, _| Err(io::ErrorKind::Other.into());
        for read in [short, broken] {
            let work = reader.begin(&range, 4, read, now).unwrap();
            assert!(matches!(reader.complete(outcome(work), now), Piece::Failed));
        }
        drop(reader.begin(&range, 4, read, now));
        assert!(matches!(reader.complete(Outcome::Panicked, now), Piece::Failed));
    }
}
