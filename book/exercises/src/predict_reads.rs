//! Bytes, not messages: what does each read come to?
//!
//! A peer writes and closes, a server reads; between them is a real TCP connection on this machine.
//! The server's socket does not block. Everything that the peer has written has arrived before the
//! server reads. Say for each `Read`, in order, what it comes to:
//!
//! * `Bytes(n)`: so many bytes came;
//! * `WouldBlock`: nothing is there now, but the peer may write more;
//! * `End`: the peer has closed its side, and everything before has been read.
//!
//! The tests play the scripts to the kernel, and compare. Answer by thinking, then look at what you
//! got wrong: each of these answers has broken a server.

/// What happens, in order.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// The peer writes these bytes with one call.
    Write(&'static str),
    /// The peer closes its side.
    Close,
    /// The server reads, with room for so many bytes.
    Read(usize),
}

/// What a read has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comes {
    Bytes(usize),
    WouldBlock,
    End,
}

use Act::{Close, Read, Write};

pub const SPLIT_ANYWHERE: &[Act] =
    &[Write("hello"), Write(" world"), Read(4), Read(100), Read(100)];

pub const NOTHING_YET: &[Act] = &[
    Read(100),
    Write("GET / HTTP/1.1\r\n"),
    Read(10),
    Read(10),
    Read(10),
    Write("\r\n"),
    Read(10),
];

pub const THE_END_WAITS: &[Act] = &[Write("abc"), Close, Read(2), Read(2), Read(2), Read(2)];

pub const ONE_BYTE_EACH: &[Act] =
    &[Write("a"), Write("b"), Read(1), Write("c"), Read(8), Close, Read(8)];

pub fn split_anywhere() -> Vec<Comes> {
    todo!("one answer for each Read of SPLIT_ANYWHERE")
}

pub fn nothing_yet() -> Vec<Comes> {
    todo!()
}

pub fn the_end_waits() -> Vec<Comes> {
    todo!()
}

pub fn one_byte_each() -> Vec<Comes> {
    todo!()
}
