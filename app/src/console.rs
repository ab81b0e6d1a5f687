//! Lines for standard output and for the log, without ever waiting for either.
//!
//! A write to them may fail (the disk is full), and it may never end (a pipe whose reader has
//! stopped). Neither may hold up a start, a signal, a request or a shutdown. So each of the two has
//! a thread that writes; lines that it cannot keep up with are lost, and how many is said as soon
//! as it can.
//!
//! `tracing-appender` does nearly the same, but panics where there is no thread, and does not say
//! what is lost.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

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

impl Lines {
    /// How many lines have been lost, if any, for the place where they are missing.
    fn take_note(&mut self) -> Option<Vec<u8>> {
        let lost = std::mem::take(&mut self.lost);
        let note =
            || format!("({lost} lines were lost, since they could not be written in time)\n");
        (lost > 0).then(|| note().into_bytes())
    }
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
        if lines.waiting.len() >= MOST {
            lines.lost += 1;
            return;
        }
        let note = lines.take_note();
        lines.waiting.extend(note);
        lines.waiting.push_back(line);
        self.0.changed.notify_all();
    }

    /// Waits until everything has been written, but not beyond a moment.
    pub(crate) fn finish(&self, by: Instant) {
        let within = by.saturating_duration_since(Instant::now());
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
            let line = self.next();
            let _ = to.write_all(&line).and_then(|()| to.flush());
        }
    }

    /// The next line, which is waited for.
    fn next(&self) -> Vec<u8> {
        let mut lines = self.lock();
        lines.is_writing = false;
        loop {
            let next = lines.waiting.pop_front().or_else(|| lines.take_note());
            if let Some(line) = next {
                lines.is_writing = true;
                return line;
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
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

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
        console.finish(Instant::now()); // nobody takes anything, and it returns
        (0..MOST + 20).for_each(|_| open.send(()).unwrap());
        console.finish(soon());
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
    fn lines_that_cannot_be_written_are_dropped() {
        let (open, gate) = channel();
        let (written, seen) = channel();
        drop(open);
        let console = Console::start("broken", Gated { gate, written }).unwrap();
        console.say(format_args!("lost"));
        console.finish(soon());
        assert_eq!(seen.try_iter().count(), 0);
    }
}
