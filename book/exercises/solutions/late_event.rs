//! The event loop: messages come after events.
//!
//! The poller put the events of a batch together before any of them was worked off. A message in
//! the middle of it closes connection 0, the next one opens another, which gets the key 0, and an
//! event further back in the batch that was meant for the first now names the second.
//!
//! So the messages wait until the batch is over. Within the rest of the batch no key changes its
//! owner: a connection that closes itself frees its key, but nobody is there to take it. A
//! generation number in the key is the other remedy; it is needed where a name outlives the batch,
//! as that of a timer or of work does. Never using a key again would help too, and would let the
//! table grow forever.

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
            if let Event::Ready(key) = *event {
                self.on_ready(key);
            }
        }
        // Not before: a new connection may get the key of one that has just been closed.
        if events.contains(&Event::Mailbox) {
            self.read_messages();
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
