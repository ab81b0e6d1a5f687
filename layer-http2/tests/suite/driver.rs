//! An [`Http2`] in the strict driver of [`harness`].

use std::sync::Arc;

pub(crate) use harness::{EXPECTED_PANIC, End, read_file, silence_expected_panics, start};
use layer_http2::Http2;
use protocol::{Handler, Limits};

pub(crate) type Driver = harness::Driver<Http2>;

/// A connection that has just begun.
pub(crate) fn drive(handler: impl Handler, limits: Limits) -> Driver {
    let connection = Http2::new(Arc::new(handler), Arc::new(limits), read_file, start());
    let mut driver = harness::Driver::new(connection, start());
    driver.takes_all = true;
    driver
}
