//! Common parts of the targets: a connection in the strict driver of `harness`, which finds that
//! something loops, waits for nothing or leaves a deadline in the past.

use std::sync::Arc;

pub use harness::{End, silence_expected_panics, start};
use protocol::{Connection, Handler, Limits};

pub type Driver = harness::Driver<Connection>;

/// A connection that has just begun.
pub fn drive(handler: impl Handler, limits: Limits) -> Driver {
    let connection = Connection::new(Arc::new(handler), Arc::new(limits), start());
    harness::Driver::new(connection, start())
}

/// An input, and the same in pieces. What stands behind its last byte 0xff are their lengths, and
/// no part of it; without one, the pieces are single bytes.
pub fn cut(input: &[u8]) -> (&[u8], impl Iterator<Item = &[u8]>) {
    let (input, lengths) = match input.iter().rposition(|&byte| byte == 0xff) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[][..]),
    };
    let (mut lengths, mut left) = (lengths.iter().cycle(), input);
    let pieces = std::iter::from_fn(move || {
        let length = lengths.next().map_or(1, |&length| usize::from(length).max(1));
        let (piece, rest) = left.split_at(length.min(left.len()));
        left = rest;
        (!piece.is_empty()).then_some(piece)
    });
    (input, pieces)
}
