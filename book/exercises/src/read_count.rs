//! Bytes, not messages: what does a read cost?
//!
//! On a socket each call of `read` is a system call, about as dear as copying some thousand bytes.
//! Write the instrument first, and then measure two ways to read lines.
//!
//! * [`Counting`] passes each read on and counts it: every call, also one that brings nothing (the
//!   end) or an error; and the bytes that came.
//! * `lines_by_byte` reads all lines with a buffer of one byte, without any other buffer.
//! * `lines_buffered` reads all lines through a `BufReader` of this capacity.
//!
//! Both give back the lines without their LF, and how often `source` was read from. The last line
//! may lack its LF. The error `Interrupted` means "try again" (a signal came); every other is
//! passed on.

use std::io::{self, Read};

/// Counts what is read.
pub struct Counting<R> {
    inner: R,
    /// Calls of `read`.
    pub calls: usize,
    /// Bytes that came.
    pub bytes: usize,
}

impl<R> Counting<R> {
    pub fn new(inner: R) -> Self {
        Counting { inner, calls: 0, bytes: 0 }
    }
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        todo!()
    }
}

/// All lines, and how often `source` was read from.
pub fn lines_by_byte(source: impl Read) -> io::Result<(Vec<String>, usize)> {
    todo!()
}

/// All lines, and how often `source` was read from.
pub fn lines_buffered(source: impl Read, capacity: usize) -> io::Result<(Vec<String>, usize)> {
    todo!()
}
