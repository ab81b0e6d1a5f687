//! Event loops and letters to them: for backends whose threads each drive many connections.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Instant;

use protocol::{DropGuarded, Outcome, Ticket, Work};

use crate::threads::perform;
use crate::{ShutdownSignal, Slot};

// ANCHOR: mailbox
/// What others have to tell an event loop, whose sockets are `S`.
pub enum Letter<S> {
    /// A connection has been accepted.
    Connection(S, Slot),
    /// Work has been done for the connection with this key and number.
    Done(usize, u64, Ticket, DropGuarded<Outcome>),
    /// The order to stop.
    Shutdown(Instant),
    /// There will be no more connections.
    Last,
}

/// Where letters are left for a loop, which is woken by them.
pub struct Mailbox<S> {
    letters: Mutex<Vec<Letter<S>>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl<S> Mailbox<S> {
    /// An empty one; `wake` wakes the loop.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Mailbox { letters: Mutex::default(), wake: Box::new(wake) })
    }

    /// Leaves a letter. The loop is woken by the first of those that it has not taken.
    pub fn post(&self, letter: Letter<S>) {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        letters.push(letter);
        if letters.len() == 1 {
            (self.wake)();
        }
    }

    /// Takes all letters, the oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<Letter<S>> {
        std::mem::take(&mut *self.letters.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
// ANCHOR_END: mailbox

/// Loops at work, each on a thread of its own.
pub struct Loops<S> {
    mailboxes: Vec<Arc<Mailbox<S>>>,
    threads: Vec<thread::JoinHandle<io::Result<()>>>,
    turn: usize,
}

impl<S> Default for Loops<S> {
    fn default() -> Self {
        Loops { mailboxes: Vec::new(), threads: Vec::new(), turn: 0 }
    }
}

impl<S: Send + 'static> Loops<S> {
    /// Starts one more.
    ///
    /// # Errors
    /// If there is no thread to be had.
    pub fn start(
        &mut self,
        mailbox: Arc<Mailbox<S>>,
        run: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        self.threads.push(thread::Builder::new().name("event-loop".into()).spawn(run)?);
        self.mailboxes.push(mailbox);
        Ok(())
    }

    /// Has them told of the order to stop, those that have been started.
    pub fn obey(&self, shutdown: &ShutdownSignal) {
        // The order may be given, and kept, for longer than the loops are there.
        let mailboxes: Vec<_> = self.mailboxes.iter().map(Arc::downgrade).collect();
        shutdown.on_begin(move |by| {
            let there = mailboxes.iter().filter_map(Weak::upgrade);
            there.for_each(|mailbox| mailbox.post(Letter::Shutdown(by)));
        });
    }

    /// Hands a connection to the next in turn.
    pub fn hand_over(&mut self, socket: S, slot: Slot) {
        self.turn += 1;
        if let Some(mailbox) = self.mailboxes.get(self.turn % self.mailboxes.len().max(1)) {
            mailbox.post(Letter::Connection(socket, slot));
        }
    }

    /// There will be no more connections: waits until they have ended.
    ///
    /// # Errors
    /// The first of theirs.
    pub fn join(mut self) -> io::Result<()> {
        self.end();
        let join = |thread: thread::JoinHandle<_>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        let results: Vec<io::Result<()>> = self.threads.drain(..).map(join).collect();
        results.into_iter().collect()
    }
}

impl<S> Loops<S> {
    fn end(&mut self) {
        self.mailboxes.drain(..).for_each(|mailbox| mailbox.post(Letter::Last));
    }
}

impl<S> Drop for Loops<S> {
    /// A server that cannot begin leaves no loops behind.
    fn drop(&mut self) {
        self.end();
    }
}

/// Work for a connection, and whom to tell of its outcome.
pub struct Job<S> {
    /// Of the loop that the connection belongs to.
    pub mailbox: Arc<Mailbox<S>>,
    /// The connection's key in the loop, and a number that no other connection of it has had.
    pub key: usize,
    /// See `key`.
    pub number: u64,
    /// The connection's name for the work.
    pub ticket: Ticket,
    /// What is to be done.
    pub work: Work,
}

impl<S> Job<S> {
    /// Does the work, on a thread that may block.
    pub fn run(self) {
        let outcome = DropGuarded::new(perform(self.work));
        self.mailbox.post(Letter::Done(self.key, self.number, self.ticket, outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn letters_come_in_order_and_only_the_first_wakes() {
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        let mailbox = Mailbox::<()>::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        mailbox.post(Letter::Shutdown(Instant::now()));
        mailbox.post(Letter::Last);
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        assert!(matches!(mailbox.take()[..], [Letter::Shutdown(_), Letter::Last]));
        assert!(mailbox.take().is_empty());
        mailbox.post(Letter::Last);
        assert_eq!(woken.load(Ordering::SeqCst), 2);
    }
}
