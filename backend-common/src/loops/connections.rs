//! The connections of an event loop: keys, generations and timers, which do not depend on how the
//! loop waits.

use std::fmt;
use std::ops::{Index, IndexMut};
use std::time::Instant;

use protocol::{DropGuarded, Outcome, Ticket};
use slab::Slab;

use crate::loops::timers::Timers;
use crate::session::Session;

/// Names a connection of an event loop: its key, which is used again when it has ended, and a
/// generation, which is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionId {
    /// The place among the connections of the loop.
    pub key: usize,
    /// Tells the connection apart from others that have had its key.
    pub generation: u64,
}

impl ConnectionId {
    /// Bits of a number that hold the key; the others hold the end of the generation.
    const KEY_BITS: u32 = if usize::BITS == 64 { 32 } else { 24 };

    /// The name in one number, to mark the events of the connection's socket.
    #[must_use]
    pub fn token(self) -> usize {
        self.key | (self.generation as usize) << Self::KEY_BITS
    }
}

/// A session, and what the loop keeps of its socket.
pub struct Connection<S> {
    /// Its name, for a thread that may outlive it.
    pub id: ConnectionId,
    /// What is spoken on the connection, and its buffers.
    pub session: Session,
    /// The socket, and what the loop knows of it.
    pub socket: S,
    /// The timer that is set for it.
    timer: Option<Instant>,
}

/// All connections of one event loop.
pub struct Connections<S> {
    slab: Slab<Connection<S>>,
    /// That of the connection that was added last.
    generation: u64,
    timers: Timers,
    /// The shutdown deadline, once shutdown has begun.
    shutdown: Option<Instant>,
    no_more: bool,
}

impl<S> Default for Connections<S> {
    fn default() -> Self {
        let (slab, timers) = (Slab::new(), Timers::default());
        Connections { slab, generation: 0, timers, shutdown: None, no_more: false }
    }
}

impl<S> Connections<S> {
    /// The name that the next connection will have.
    #[must_use]
    pub fn next_id(&self) -> ConnectionId {
        ConnectionId { key: self.slab.vacant_key(), generation: self.generation + 1 }
    }

    /// Adds a connection, and returns its key. If shutdown has begun, its session hears of it.
    pub fn insert(&mut self, mut session: Session, socket: S) -> usize {
        if let Some(deadline) = self.shutdown {
            session.shutdown(deadline);
        }
        let id = self.next_id();
        self.generation = id.generation;
        self.slab.insert(Connection { id, session, socket, timer: None })
    }

    /// The connection with this key, if there is one.
    pub fn get_mut(&mut self, key: usize) -> Option<&mut Connection<S>> {
        self.slab.get_mut(key)
    }

    /// The key of the connection that has this token; none if it has ended.
    #[must_use]
    pub fn key_of(&self, token: usize) -> Option<usize> {
        let key = token & ((1 << ConnectionId::KEY_BITS) - 1);
        self.slab.get(key).filter(|connection| connection.id.token() == token).map(|_| key)
    }

    /// All of them, with their keys.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Connection<S>)> {
        self.slab.iter()
    }

    /// Removes a connection and its timer.
    ///
    /// # Panics
    /// If there is none with this key.
    pub fn remove(&mut self, key: usize) -> Connection<S> {
        self.cancel_timer(key);
        self.slab.remove(key)
    }

    // a moment in time

    /// Sees that the timer of a connection fires at this moment or before. One that fires early
    /// does no harm: the session then has nothing to do.
    ///
    /// # Panics
    /// If there is no connection with this key.
    pub fn set_timer(&mut self, key: usize, deadline: Instant) {
        self.timers.set(&mut self.slab[key].timer, deadline, key);
    }

    /// Cancels the timer of a connection.
    ///
    /// # Panics
    /// If there is no connection with this key.
    pub fn cancel_timer(&mut self, key: usize) {
        self.timers.cancel(self.slab[key].timer.take(), key);
    }

    /// When the next timer fires.
    #[must_use]
    pub fn next_timer(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The key of the next connection whose timer has fired by `now`.
    pub fn next_due(&mut self, now: Instant) -> Option<usize> {
        let key = self.timers.pop(now)?;
        self.slab[key].timer = None; // a timer goes with its connection
        Some(key)
    }

    // work done elsewhere

    /// Passes the outcome of work on. Returns whether the connection is still there, to be driven.
    pub fn complete(
        &mut self,
        id: ConnectionId,
        ticket: Ticket,
        outcome: DropGuarded<Outcome>,
    ) -> bool {
        let connection = self.slab.get_mut(id.key).filter(|connection| connection.id == id);
        let Some(Connection { session, .. }) = connection else { return false }; // it has ended
        session.complete(ticket, outcome.into_inner());
        true
    }

    // shutdown

    /// Passes the shutdown on to all connections, present and future. Returns the keys of those
    /// that are to be driven.
    pub fn shutdown(&mut self, deadline: Instant) -> Vec<usize> {
        self.shutdown = Some(deadline);
        let tell = |(key, connection): (usize, &mut Connection<S>)| {
            connection.session.shutdown(deadline);
            key
        };
        self.slab.iter_mut().map(tell).collect()
    }

    /// Notes that there will be no more connections.
    pub fn no_more(&mut self) {
        self.no_more = true;
    }

    /// Whether the last connection has ended and there will be no more.
    #[must_use]
    pub fn have_ended(&self) -> bool {
        self.no_more && self.slab.is_empty()
    }
}

impl<S> Index<usize> for Connections<S> {
    type Output = Connection<S>;

    fn index(&self, key: usize) -> &Connection<S> {
        &self.slab[key]
    }
}

impl<S> IndexMut<usize> for Connections<S> {
    fn index_mut(&mut self, key: usize) -> &mut Connection<S> {
        &mut self.slab[key]
    }
}

impl<S> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Connection { id, timer, .. } = self;
        let mut connection = f.debug_struct("Connection");
        connection.field("id", id).field("timer", timer).finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for Connections<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Connections { slab, timers, shutdown, no_more, .. } = self;
        let mut connections = f.debug_struct("Connections");
        connections.field("open", &slab.len()).field("next_timer", &timers.next());
        connections.field("shutdown", shutdown).field("no_more", no_more).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    use protocol::{Handler, Limits, Reply, Request};

    use crate::admission::Admission;
    use crate::server::Context;
    use crate::session::Next;
    use crate::statistics::Statistics;

    fn context(handler: impl Handler) -> Context {
        Context {
            handler: Arc::new(handler),
            limits: Arc::new(Limits::default()),
            threads: None,
            workers: 1,
            shutdown: Arc::default(),
            by_address: None,
            listener: 0,
            proxies: None,
            statistics: Statistics::new(Arc::default()),
            #[cfg(feature = "tls")]
            tls: None,
            admission: Arc::new(Admission::new(9, 9)),
        }
    }

    fn session(context: &Context) -> Session {
        Session::new(context, context.admission.admit().unwrap())
    }

    /// A session that has work done, and the ticket of it.
    fn working(context: &Context) -> (Session, Ticket) {
        let mut session = session(context);
        session.receive_from(&mut b"GET / HTTP/1.1\r\nHost: here\r\n\r\n".to_vec());
        let Next::Run(ticket, _) = session.poll() else { panic!("no work") };
        (session, ticket)
    }

    fn works(_: &Request<'_>) -> Reply {
        Reply::blocking(|| "done")
    }

    #[test]
    fn the_outcome_of_work_goes_to_the_connection_that_asked_for_it_and_to_no_later_one() {
        let context = context(works);
        let mut connections = Connections::default();
        let (session, ticket) = working(&context);
        let key = connections.insert(session, ());
        let id = connections[key].id;
        let outcome = || DropGuarded::new(Outcome::Reply("done".into()));
        assert!(connections.complete(id, ticket, outcome()));
        assert!(matches!(connections[key].session.poll(), Next::Wait(wait) if wait.write));

        drop(connections.remove(key));
        let (session, ticket) = working(&context);
        assert_eq!(connections.insert(session, ()), key, "the key is used again");
        assert!(!connections.complete(id, ticket, outcome()));
        assert!(matches!(connections[key].session.poll(), Next::Wait(wait) if !wait.write));
    }

    #[test]
    fn a_timer_goes_with_its_connection() {
        let context = context(works);
        let mut connections = Connections::default();
        let keys = [(); 2].map(|()| connections.insert(session(&context), ()));
        let now = Instant::now();
        keys.iter().for_each(|&key| connections.set_timer(key, now));
        drop(connections.remove(keys[0]));
        assert_eq!(connections.next_timer(), Some(now));
        assert_eq!(connections.next_due(now), Some(keys[1]));
        assert_eq!((connections.next_due(now), connections.next_timer()), (None, None));
    }

    #[test]
    fn an_event_of_a_connection_that_has_ended_is_none_of_the_next_with_its_key() {
        let context = context(works);
        let mut connections = Connections::default();
        let tokens = [(); 2].map(|()| {
            let id = connections.next_id();
            let key = connections.insert(session(&context), ());
            assert_eq!((id.key, connections.key_of(id.token())), (key, Some(key)));
            drop(connections.remove(key));
            id.token()
        });
        let key = connections.insert(session(&context), ());
        assert_eq!(tokens.map(|token| connections.key_of(token)), [None, None]);
        assert_eq!(connections.key_of(connections[key].id.token()), Some(key));
        assert_eq!(connections.key_of(usize::MAX), None);
    }

    #[test]
    fn shutdown_reaches_connections_that_are_there_and_those_that_come() {
        let context = context(works);
        let mut connections = Connections::default();
        let old = connections.insert(session(&context), ());
        assert_eq!(connections.shutdown(Instant::now() - Duration::from_secs(1)), [old]);
        let new = connections.insert(session(&context), ());
        for key in [old, new] {
            let session = &mut connections[key].session;
            session.handle_timeout();
            assert!(!matches!(session.poll(), Next::Wait(_)), "it ends");
            assert!(!connections.have_ended());
        }
        connections.no_more();
        assert!(!connections.have_ended());
        [old, new].into_iter().for_each(|key| drop(connections.remove(key)));
        assert!(connections.have_ended());
    }
}
