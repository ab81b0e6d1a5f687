//! A [`Connection`] in the strict driver of [`harness`].

#![allow(dead_code, unused_imports, reason = "each test binary uses its own part")]

pub(crate) mod demo;

use std::sync::Arc;

pub(crate) use harness::{EXPECTED_PANIC, End, run, silence_expected_panics, start};
use protocol::{Connection, Handler, Limits};

pub(crate) type Driver = harness::Driver<Connection>;

/// A connection that has just begun.
pub(crate) fn drive(handler: impl Handler, limits: Limits) -> Driver {
    let connection = Connection::new(Arc::new(handler), Arc::new(limits), start());
    harness::Driver::new(connection, start())
}
