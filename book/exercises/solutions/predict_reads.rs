//! Bytes, not messages: the answers, and why.
//!
//! A stream has no seams. Two writes, `hello` and ` world`, are eleven bytes; a read takes as many
//! as it has room for, wherever the writes began. So `split_anywhere` reads 4 and then 7, not 5 and
//! 6.
//!
//! `WouldBlock` is not the end: it says that nothing is there now. After it more may come, and in
//! `nothing_yet` it does. `End` is a read of no bytes. It comes only behind the last byte (the
//! three bytes of `the_end_waits` are not lost because the peer has closed), and it comes again
//! each time: a loop that takes it for "nothing yet" turns forever.

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
    vec![Comes::Bytes(4), Comes::Bytes(7), Comes::WouldBlock]
}

pub fn nothing_yet() -> Vec<Comes> {
    let line = [Comes::Bytes(10), Comes::Bytes(6), Comes::WouldBlock];
    [&[Comes::WouldBlock][..], &line, &[Comes::Bytes(2)]].concat()
}

pub fn the_end_waits() -> Vec<Comes> {
    vec![Comes::Bytes(2), Comes::Bytes(1), Comes::End, Comes::End]
}

pub fn one_byte_each() -> Vec<Comes> {
    vec![Comes::Bytes(1), Comes::Bytes(2), Comes::End]
}
