//! In how many pieces a response reaches what is below the writer. For a socket each is a system
//! call.

use std::io::{self, BufWriter, Write};

use crate::answering::response::Response;

// ANCHOR: counted
/// A writer that counts how often something is written to the one below.
#[derive(Debug)]
pub struct Counted<W> {
    /// The writer below.
    pub inner: W,
    /// How often it was called.
    pub calls: usize,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
// ANCHOR_END: counted

/// Writes straight to `out`.
///
/// # Errors
/// Those of `out`.
pub fn directly(response: &Response, out: &mut impl Write) -> io::Result<()> {
    response.write_to(out)
}

// ANCHOR: buffered
/// Writes through a buffer that is flushed when it is full, and at the end.
///
/// # Errors
/// Those of `out`.
pub fn through_a_buffer(response: &Response, out: &mut impl Write) -> io::Result<()> {
    let mut buffered = BufWriter::new(out);
    response.write_to(&mut buffered)?;
    buffered.flush()
}

/// Writes all of it to memory first.
///
/// # Errors
/// Those of `out`.
pub fn from_memory(response: &Response, out: &mut impl Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    response.write_to(&mut bytes)?;
    out.write_all(&bytes)
}
// ANCHOR_END: buffered
