//! Answering well: what does it cost to send a head and a body?
//!
//! They lie in two places of the memory. There are three ways to send them, and two things that
//! they cost: system calls, and bytes that are copied to another place of the memory first. Write
//! the instrument, then the three ways.
//!
//! * [`Meter`] passes each `write` and each `write_vectored` on and counts it: also one that fails
//!   or takes nothing; and the bytes that were taken. `flush` counts for nothing.
//! * `apart` writes the head, then the body.
//! * `joined` copies both into one `Vec`, and writes that.
//! * `vectored` gives the kernel both places in one call, and goes on where the call has stopped
//!   until nothing is left. It never passes an empty slice on.
//!
//! Each gives back the calls and the bytes that were copied. A writer may take less than it was
//! given. `Interrupted` means "try again"; a writer that takes nothing is `WriteZero`; every other
//! error is passed on. What is empty is not written.

use std::io::{self, IoSlice, Write};

/// Counts what is written.
pub struct Meter<W> {
    inner: W,
    /// Calls of `write` and of `write_vectored`.
    pub calls: usize,
    /// Bytes that were taken.
    pub bytes: usize,
}

impl<W> Meter<W> {
    pub fn new(inner: W) -> Self {
        Meter { inner, calls: 0, bytes: 0 }
    }
}

impl<W: Write> Write for Meter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        todo!()
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        todo!()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// What a way to send costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub calls: usize,
    /// Bytes that were copied before they were written.
    pub copied: usize,
}

pub fn apart(out: impl Write, head: &[u8], body: &[u8]) -> io::Result<Cost> {
    todo!()
}

pub fn joined(out: impl Write, head: &[u8], body: &[u8]) -> io::Result<Cost> {
    todo!()
}

pub fn vectored(out: impl Write, head: &[u8], body: &[u8]) -> io::Result<Cost> {
    todo!()
}
