//! Messages to an event loop from other threads.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use protocol::{DropGuarded, Outcome, Ticket};

use crate::admission::Slot;
use crate::loops::connections::ConnectionId;
use crate::sync::{Mutex, MutexGuard};

// ANCHOR: message
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
// ANCHOR_END: message

// ANCHOR: mailbox
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
    // ANCHOR_END: mailbox

    fn lock(&self) -> MutexGuard<'_, Vec<Message<S>>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
