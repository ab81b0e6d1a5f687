//! Letters to an event loop: for backends whose threads each drive many connections.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use protocol::{Outcome, Ticket, Work};

use crate::Slot;
use crate::threads::perform;

// ANCHOR: mailbox
/// What others have to tell an event loop, whose sockets are `S`.
pub enum Letter<S> {
    /// A connection has been accepted.
    Connection(S, Slot),
    /// Work has been done for the connection with this key and number.
    Done(usize, u64, Ticket, Outcome),
    /// The order to stop.
    Stop(Instant),
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
        let outcome = perform(self.work);
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
        mailbox.post(Letter::Stop(Instant::now()));
        mailbox.post(Letter::Last);
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        assert!(matches!(mailbox.take()[..], [Letter::Stop(_), Letter::Last]));
        assert!(mailbox.take().is_empty());
        mailbox.post(Letter::Last);
        assert_eq!(woken.load(Ordering::SeqCst), 2);
    }
}
