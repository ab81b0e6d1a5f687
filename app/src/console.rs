//! Lines for standard output and for the log, without ever waiting for either.
//!
//! A write to them may fail (the disk is full), and it may never end (a pipe whose reader has
//! stopped). Neither may hold up a start, a signal, a request or a shutdown. So each of the two has
//! a thread that writes; lines that it cannot keep up with are lost, and how many is said as soon
//! as it can.
//!
//! `tracing-appender` does nearly the same, but panics where there is no thread, and does not say
//! what is lost.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// How many bytes of lines may wait to be written.
const MOST: usize = 256 << 10;

/// How many of a log of requests, of which many may come at once.
const MOST_OF_MANY: usize = 16 << 20;

/// Says in a line that so many are lost.
type Note = Box<dyn Fn(u64) -> String + Send + Sync>;

/// Where lines go that somebody else writes.
#[derive(Clone)]
pub(crate) struct Console(Arc<Shared>);

struct Shared {
    most: usize,
    note: Note,
    lines: Mutex<Lines>,
    /// Notified when there are lines to write, and when all have been written.
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    waiting: Vec<u8>,
    /// Where further lines go, when those that wait have been written.
    next: Option<Output>,
    is_writing: bool,
    lost: u64,
}

type Output = Box<dyn Write + Send>;

impl Lines {
    /// Says how many lines have been lost, if any, where they are missing.
    fn add_note(&mut self, note: &Note) {
        match std::mem::take(&mut self.lost) {
            0 => {}
            lost => self.waiting.extend_from_slice(note(lost).as_bytes()),
        }
    }
}

/// Says on standard output what the server does, unless it is to be quiet.
#[derive(Clone)]
pub(crate) struct Announcer(Option<Console>);

impl Announcer {
    pub(crate) fn new(out: &Console, is_quiet: bool) -> Self {
        Announcer((!is_quiet).then(|| out.clone()))
    }

    /// Has a line written, if there is room for it.
    pub(crate) fn say(&self, text: std::fmt::Arguments<'_>) {
        self.0.iter().for_each(|out| out.say(text));
    }
}

impl Console {
    /// Starts the thread that writes to `to`.
    ///
    /// # Errors
    /// If the system refuses the thread.
    pub(crate) fn start(name: &str, to: impl Write + Send + 'static) -> io::Result<Self> {
        Console::with(name, to, MOST, |lost| {
            format!("({lost} lines were lost, since they could not be written in time)\n")
        })
    }

    /// Starts the thread that writes many lines to `to`; `note` is the one in place of some that
    /// were lost.
    ///
    /// # Errors
    /// If the system refuses the thread.
    pub(crate) fn of_many(
        name: &str,
        to: impl Write + Send + 'static,
        note: impl Fn(u64) -> String + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Console::with(name, to, MOST_OF_MANY, note)
    }

    fn with(
        name: &str,
        to: impl Write + Send + 'static,
        most: usize,
        note: impl Fn(u64) -> String + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (lines, changed, note) = (Mutex::default(), Condvar::new(), Box::new(note));
        let shared = Arc::new(Shared { most, note, lines, changed });
        let console = Console(Arc::clone(&shared));
        thread::Builder::new().name(name.into()).spawn(move || shared.write_all(Box::new(to)))?;
        Ok(console)
    }

    /// Has a line written, if there is room for it.
    pub(crate) fn say(&self, text: std::fmt::Arguments<'_>) {
        self.push(format!("{text}\n"));
    }

    /// Has a line written that ends as lines do, if there is room for it.
    pub(crate) fn push(&self, line: impl AsRef<[u8]>) {
        let (line, mut lines) = (line.as_ref(), self.0.lock());
        if lines.waiting.len() + line.len() > self.0.most {
            lines.lost += 1;
            return;
        }
        lines.add_note(&self.0.note);
        lines.waiting.extend_from_slice(line);
        if !lines.is_writing {
            self.0.changed.notify_all(); // who writes looks for more by itself
        }
    }

    /// Has lines written elsewhere, from now on: those that wait still go where they went.
    pub(crate) fn write_to(&self, to: impl Write + Send + 'static) {
        let mut lines = self.0.lock();
        lines.next = Some(Box::new(to));
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
        self.push(line);
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
    fn write_all(&self, mut to: Output) {
        loop {
            let (lines, next) = self.next();
            let _ = to.write_all(&lines).and_then(|()| to.flush());
            to = next.unwrap_or(to);
        }
    }

    /// The next lines, which are waited for, and where those after them go.
    fn next(&self) -> (Vec<u8>, Option<Output>) {
        let mut lines = self.lock();
        lines.is_writing = false;
        loop {
            if lines.waiting.is_empty() {
                lines.add_note(&self.note);
            }
            if !lines.waiting.is_empty() || lines.next.is_some() {
                lines.is_writing = true;
                return (std::mem::take(&mut lines.waiting), lines.next.take());
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
        const LINE: usize = 1024;
        const ALL: usize = 2 * MOST / LINE + 10; // as many are being written as wait, at most
        let (open, gate) = channel();
        let (written, seen) = channel();
        let console = Console::start("gated", Gated { gate, written }).unwrap();
        for number in 0..ALL {
            console.say(format_args!("{number:width$}", width = LINE - 1));
        }
        console.finish(Instant::now()); // nobody takes anything, and it returns
        (0..ALL).for_each(|_| open.send(()).unwrap());
        console.finish(soon());
        let all: String = seen.try_iter().collect();
        let (notes, lines): (Vec<_>, Vec<_>) = all.lines().partition(|line| line.starts_with('('));
        assert_eq!(lines[0].trim(), "0");
        let lost = |note: &&str| note[1..].split_once(' ').unwrap().0.parse::<usize>().unwrap();
        let lost: usize = notes.iter().map(lost).sum();
        assert!(lost >= 10, "{notes:?}");
        assert_eq!(lines.len() + lost, ALL, "and each of the others is written");
    }

    #[test]
    fn lines_that_wait_are_written_to_the_old_file_and_further_ones_to_the_new_one() {
        let (open, gate) = channel();
        let (written, old) = channel();
        let console = Console::start("gated", Gated { gate, written }).unwrap();
        console.say(format_args!("1"));
        console.say(format_args!("2"));
        let (reader, writer) = io::pipe().unwrap();
        console.write_to(writer);
        (0..2).for_each(|_| open.send(()).unwrap());
        console.finish(soon());
        console.say(format_args!("3"));
        console.finish(soon());
        assert_eq!(old.try_iter().collect::<String>(), "1\n2\n");
        let mut new = String::new();
        io::BufRead::read_line(&mut io::BufReader::new(reader), &mut new).unwrap();
        assert_eq!(new, "3\n");
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
