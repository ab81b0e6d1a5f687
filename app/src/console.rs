//! What the server says, on standard output and in its log, without ever waiting for either.
//!
//! A write to them may fail (the disk is full), and it may never end (a pipe whose reader has stopped).
//! Neither may hold up a start, a signal, a request or a shutdown. So each of the two has a thread that
//! writes; lines that it cannot keep up with are lost, and how many is said as soon as it can.
//!
//! `tracing-appender` does nearly the same, but panics where there is no thread, and does not say what
//! is lost.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many lines may wait to be written.
const MOST: usize = 1024;

/// Where lines go that somebody else writes.
#[derive(Clone)]
pub(crate) struct Console(Arc<Shared>);

struct Shared {
    lines: Mutex<Lines>,
    /// Notified when there are lines to write, and when all have been written.
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    waiting: VecDeque<Vec<u8>>,
    is_writing: bool,
    lost: u64,
}

impl Console {
    /// Starts the thread that writes to `to`.
    ///
    /// # Errors
    /// If the system refuses the thread.
    pub(crate) fn start(name: &str, to: impl Write + Send + 'static) -> io::Result<Self> {
        let console =
            Console(Arc::new(Shared { lines: Mutex::default(), changed: Condvar::new() }));
        let shared = Arc::clone(&console.0);
        thread::Builder::new().name(name.into()).spawn(move || shared.write_all(to))?;
        Ok(console)
    }

    /// Has a line written, if there is room for it.
    pub(crate) fn say(&self, text: std::fmt::Arguments<'_>) {
        self.push(format!("{text}\n").into_bytes());
    }

    fn push(&self, line: Vec<u8>) {
        let mut lines = self.0.lock();
        if lines.waiting.len() < MOST {
            lines.waiting.push_back(line);
            self.0.changed.notify_all();
        } else {
            lines.lost += 1;
        }
    }

    /// Waits until everything has been written, but not for longer than this.
    pub(crate) fn finish(&self, within: Duration) {
        let is_busy = |lines: &mut Lines| lines.is_writing || !lines.waiting.is_empty();
        drop(self.0.changed.wait_timeout_while(self.0.lock(), within, is_busy));
    }
}

/// Each write is a line, as those of `tracing-subscriber` are.
impl Write for Console {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what there is, as long as the process lives. What cannot be written is lost.
    fn write_all(&self, mut to: impl Write) {
        loop {
            let (line, lost) = self.next();
            let note = match lost {
                0 => String::new(),
                lost => {
                    format!("({lost} lines were lost, since they could not be written in time)\n")
                }
            };
            let whole = [&line[..], note.as_bytes()].concat();
            let _ = to.write_all(&whole).and_then(|()| to.flush());
        }
    }

    /// The next line, and how many have been lost behind it.
    fn next(&self) -> (Vec<u8>, u64) {
        let mut lines = self.lock();
        lines.is_writing = false;
        loop {
            if let Some(line) = lines.waiting.pop_front() {
                lines.is_writing = true;
                // Said behind the last of those that had a place: there the others are missing.
                let lost =
                    if lines.waiting.is_empty() { std::mem::take(&mut lines.lost) } else { 0 };
                return (line, lost);
            }
            self.changed.notify_all();
            lines = self.changed.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    const SOON: Duration = Duration::from_secs(10);

    /// Takes one write for each thing that comes, and none otherwise.
    struct Gated {
        gate: Receiver<()>,
        written: Sender<String>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.gate.recv().map_err(io::Error::other)?;
            self.written.send(String::from_utf8_lossy(bytes).into_owned()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_beyond_the_bound_are_lost_and_counted() {
        let (open, gate) = channel();
        let (written, seen) = channel();
        let console = Console::start("gated", Gated { gate, written }).unwrap();
        for number in 0..MOST + 10 {
            console.say(format_args!("{number}"));
        }
        console.finish(Duration::from_millis(1)); // nobody takes anything, and it returns
        (0..MOST + 20).for_each(|_| open.send(()).unwrap());
        console.finish(SOON);
        let all: Vec<String> = seen.try_iter().collect();
        assert_eq!(all[0], "0\n");
        let lost = all.iter().find_map(|text| {
            let (_, note) = text.split_once('(')?;
            note.split_once(' ')?.0.parse().ok()
        });
        // One may have been taken out to be written before the others came.
        assert!(lost.is_some_and(|lost: u64| lost == 9 || lost == 10), "{lost:?}");
    }

    #[test]
    fn what_cannot_be_written_is_no_error() {
        let (open, gate) = channel();
        let (written, seen) = channel();
        drop(open);
        let console = Console::start("broken", Gated { gate, written }).unwrap();
        console.say(format_args!("lost"));
        console.finish(SOON);
        assert_eq!(seen.try_iter().count(), 0);
    }
}
