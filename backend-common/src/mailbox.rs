//! Event loops and messages to them: for backends whose threads each drive many connections.

use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use protocol::{DropGuarded, Outcome, Ticket, Work};

use crate::admission::Slot;
use crate::connections::ConnectionId;
use crate::shutdown::ShutdownSignal;
use crate::sync::{Mutex, MutexGuard};
use crate::threads::perform;

// ANCHOR: mailbox
/// What other threads tell an event loop, whose sockets are `S`.
pub enum Message<S> {
    /// A connection has been accepted.
    Connection(S, Slot),
    /// Work has been done for a connection.
    Done {
        /// The connection, if it is still there.
        id: ConnectionId,
        /// The connection's name for the work.
        ticket: Ticket,
        /// What has come of it.
        outcome: DropGuarded<Outcome>,
    },
    /// The server shuts down, by this deadline.
    Shutdown(Instant),
    /// There will be no more connections.
    NoMoreConnections,
}

/// Where an event loop finds its messages. The first of them wakes it.
pub struct Mailbox<S> {
    messages: Mutex<Vec<Message<S>>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl<S> Mailbox<S> {
    /// Creates an empty mailbox; `wake` wakes the loop.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Mailbox { messages: Mutex::default(), wake: Box::new(wake) })
    }

    /// Sends a message. It wakes the loop if it is the first that the loop has not taken.
    pub fn send(&self, message: Message<S>) {
        let mut messages = self.lock();
        messages.push(message);
        if messages.len() == 1 {
            (self.wake)();
        }
    }

    /// Takes all messages, the oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<Message<S>> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message<S>>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
// ANCHOR_END: mailbox

impl<S> fmt::Debug for Message<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Connection(..) => f.write_str("Connection"),
            Message::Done { id, ticket, .. } => {
                let mut done = f.debug_struct("Done");
                done.field("id", id).field("ticket", ticket).finish_non_exhaustive()
            }
            Message::Shutdown(deadline) => f.debug_tuple("Shutdown").field(deadline).finish(),
            Message::NoMoreConnections => f.write_str("NoMoreConnections"),
        }
    }
}

impl<S> fmt::Debug for Mailbox<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("messages", &self.lock().len()).finish_non_exhaustive()
    }
}

/// The event loops of a server, each on a thread of its own.
#[derive(Debug)]
pub struct Loops<S> {
    mailboxes: Vec<Arc<Mailbox<S>>>,
    threads: Vec<JoinHandle<io::Result<()>>>,
    next: usize,
}

impl<S> Default for Loops<S> {
    fn default() -> Self {
        Loops { mailboxes: Vec::new(), threads: Vec::new(), next: 0 }
    }
}

impl<S: Send + 'static> Loops<S> {
    /// Starts one more loop.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(
        &mut self,
        mailbox: Arc<Mailbox<S>>,
        run: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        self.threads.push(thread::Builder::new().name("event-loop".into()).spawn(run)?);
        self.mailboxes.push(mailbox);
        Ok(())
    }

    /// Forwards the shutdown signal to the loops that have been started.
    pub fn forward_shutdown(&self, shutdown: &ShutdownSignal) {
        // The signal may be kept for longer than the loops are there.
        let mailboxes: Vec<_> = self.mailboxes.iter().map(Arc::downgrade).collect();
        shutdown.on_begin(move |deadline| {
            let running = mailboxes.iter().filter_map(Weak::upgrade);
            running.for_each(|mailbox| mailbox.send(Message::Shutdown(deadline)));
        });
    }

    /// Hands a connection to the loops in turn.
    pub fn hand_over(&mut self, socket: S, slot: Slot) {
        self.next += 1;
        if let Some(mailbox) = self.mailboxes.get(self.next % self.mailboxes.len().max(1)) {
            mailbox.send(Message::Connection(socket, slot));
        }
    }

    /// Tells the loops that there will be no more connections, and waits until they have ended.
    ///
    /// # Errors
    /// The first of theirs.
    pub fn join(mut self) -> io::Result<()> {
        self.end();
        let join = |thread: JoinHandle<_>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        let results: Vec<io::Result<()>> = self.threads.drain(..).map(join).collect();
        results.into_iter().collect()
    }
}

impl<S> Loops<S> {
    fn end(&mut self) {
        self.mailboxes.drain(..).for_each(|mailbox| mailbox.send(Message::NoMoreConnections));
    }
}

impl<S> Drop for Loops<S> {
    /// A server that cannot begin leaves no loops behind.
    fn drop(&mut self) {
        self.end();
    }
}

/// Work for a connection, and where its outcome is sent.
#[derive(Debug)]
pub struct Job<S> {
    /// That of the loop that the connection belongs to.
    pub mailbox: Arc<Mailbox<S>>,
    /// The connection.
    pub id: ConnectionId,
    /// The connection's name for the work.
    pub ticket: Ticket,
    /// What is to be done.
    pub work: Work,
}

impl<S> Job<S> {
    /// Does the work, on a thread that may block.
    pub fn run(self) {
        let Job { mailbox, id, ticket, work } = self;
        let outcome = DropGuarded::new(perform(work));
        mailbox.send(Message::Done { id, ticket, outcome });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn messages_come_in_order_and_only_the_first_wakes() {
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        let mailbox = Mailbox::<()>::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        mailbox.send(Message::Shutdown(Instant::now()));
        mailbox.send(Message::NoMoreConnections);
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        let messages = mailbox.take();
        assert!(matches!(messages[..], [Message::Shutdown(_), Message::NoMoreConnections]));
        assert!(mailbox.take().is_empty());
        mailbox.send(Message::NoMoreConnections);
        assert_eq!(woken.load(Ordering::SeqCst), 2);
    }
}
