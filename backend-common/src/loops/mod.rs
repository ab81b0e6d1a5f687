//! Event loops: for backends whose threads each drive many connections, without a runtime.
//!
//! * [`mailbox`]: what other threads tell a loop.
//! * [`connections`]: what a loop keeps of its connections, however it waits.
//! * `timers`: a queue of moments, one for each connection.

pub(crate) mod connections;
pub(crate) mod mailbox;
mod timers;

use std::io;
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

use protocol::{DropGuarded, Ticket, Work};

use crate::admission::Slot;
use crate::loops::connections::ConnectionId;
use crate::loops::mailbox::{Mailbox, Message};
use crate::shutdown::ShutdownSignal;
use crate::threads::perform;

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
