//! What the targets have in common: a connection in the strict driver of `harness`, which finds that
//! something loops, waits for nothing or leaves a deadline in the past.

use std::sync::Arc;

pub use harness::{End, silence_expected_panics, start};
use protocol::{Connection, Handler, Limits};

pub type Driver<H> = harness::Driver<Connection<H>>;

/// A connection that has just begun.
pub fn drive<H: Handler>(handler: H, limits: Limits) -> Driver<H> {
    let connection = Connection::new(Arc::new(handler), Arc::new(limits), start());
    harness::Driver::new(connection, start())
}
