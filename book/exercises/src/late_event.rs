//! The event loop: an event that reaches a stranger.
//!
//! A loop takes a batch of events from the poller and works them off. An event names a connection
//! by its key. Keys are used again: a new connection gets the key of one that has been closed. One
//! of the events says that there are messages from other threads: new connections, and connections
//! to be closed.
//!
//! Once in a while a client is read from although it has sent nothing, and worse: what happens to
//! it was meant for somebody else. This repository had the mistake (commit b3fb446). Find the batch
//! in which an event reaches the wrong connection, and mend `round`. Keys must still be used again,
//! messages are worked off in their order and all in the round in which they are announced, and no
//! event is lost.

use std::collections::VecDeque;

/// What the poller says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// There are messages.
    Mailbox,
    /// The connection with this key has something to read, or has ended.
    Ready(usize),
}

/// What another thread says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A new connection, with the name of its client.
    New(&'static str),
    /// The connection of this client is to be closed.
    Close(&'static str),
}

/// A connection, and how often the loop can read from it before its end.
#[derive(Debug)]
struct Connection {
    client: &'static str,
    reads: usize,
}

/// How often each client sends something before it closes.
pub const READS: usize = 2;

#[derive(Debug, Default)]
pub struct EventLoop {
    /// By their keys.
    connections: Vec<Option<Connection>>,
    pub mailbox: VecDeque<Message>,
    /// What has happened.
    pub log: Vec<String>,
}

impl EventLoop {
    /// One round: works off a batch of events.
    pub fn round(&mut self, events: &[Event]) {
        for event in events {
            match *event {
                Event::Mailbox => self.read_messages(),
                Event::Ready(key) => self.on_ready(key),
            }
        }
    }

    /// The key of a client's connection.
    pub fn key(&self, client: &str) -> Option<usize> {
        let mut all = self.connections.iter();
        all.position(|one| one.as_ref().is_some_and(|one| one.client == client))
    }

    fn read_messages(&mut self) {
        while let Some(message) = self.mailbox.pop_front() {
            match message {
                Message::New(client) => self.open(client),
                Message::Close(client) => {
                    if let Some(key) = self.key(client) {
                        self.close(key);
                    }
                }
            }
        }
    }

    fn open(&mut self, client: &'static str) {
        let free = self.connections.iter().position(Option::is_none);
        let key = free.unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() - 1
        });
        self.connections[key] = Some(Connection { client, reads: READS });
        self.log.push(format!("{client} is new"));
    }

    fn on_ready(&mut self, key: usize) {
        let Some(Some(connection)) = self.connections.get_mut(key) else { return };
        if connection.reads == 0 {
            return self.close(key);
        }
        connection.reads -= 1;
        self.log.push(format!("{} is read", connection.client));
    }

    fn close(&mut self, key: usize) {
        if let Some(connection) = self.connections[key].take() {
            self.log.push(format!("{} is closed", connection.client));
        }
    }
}
