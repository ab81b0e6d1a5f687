//! The pointer: a list of handlers that is open, and a connection that is compiled here.

use std::fmt;
use std::sync::Arc;

use crate::dispatch::connection::Connection;
use crate::dispatch::handlers::Handler;

// ANCHOR: arc
impl Handler for Arc<dyn Handler> {
    fn status(&self) -> u16 {
        (**self).status()
    }

    fn body(&self, path: &str, out: &mut Vec<u8>) {
        (**self).body(path, out);
    }
}

/// A connection with any handler. It has no type parameter, so it is compiled once, in this crate.
pub struct AnyConnection(Connection<Arc<dyn Handler>>);

impl AnyConnection {
    /// A connection on which nothing has come.
    pub fn new(handler: Arc<dyn Handler>) -> Self {
        AnyConnection(Connection::new(handler))
    }

    /// Answers the whole requests in `input`; returns how much of it has been consumed.
    pub fn receive(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        self.0.receive(input, out)
    }
}
// ANCHOR_END: arc

impl fmt::Debug for AnyConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyConnection").finish_non_exhaustive()
    }
}
