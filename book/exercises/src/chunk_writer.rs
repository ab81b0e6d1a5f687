//! Answering well: a body whose length nobody knows yet (RFC 9112 §7.1).
//!
//! Write a writer around a writer. What is written to it comes out as chunks: the size in
//! hexadecimal digits, CR LF, as many bytes, CR LF. A chunk of size 0 and an empty line end the
//! body: `0`, CR LF, CR LF.
//!
//! * Bytes are gathered. As soon as there are `room` of them, they go out as one chunk. `write`
//!   takes as many bytes as there is room for, and returns how many that were.
//! * `flush` sends what has been gathered as a chunk, and flushes the writer below. If nothing has
//!   been gathered there is no chunk: one of size 0 would end the body.
//! * `finish` sends what has been gathered and the last chunk, flushes, and returns the writer
//!   below.
//! * Without `finish` there is no last chunk, so that a client can tell that the body is cut off.
//! * Each chunk, and the last one, is written to the writer below in one call: it may be a socket.

use std::io::{self, Write};

/// A writer of a chunked body.
#[derive(Debug)]
pub struct ChunkWriter<W: Write> {
    out: W,
    // What else is there to remember?
}

impl<W: Write> ChunkWriter<W> {
    /// A body that is written to `out` in chunks of `room` bytes, which is at least 1.
    pub fn new(out: W, room: usize) -> Self {
        todo!()
    }

    /// Ends the body, and gives the writer below back.
    pub fn finish(self) -> io::Result<W> {
        todo!()
    }
}

impl<W: Write> Write for ChunkWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        todo!()
    }

    fn flush(&mut self) -> io::Result<()> {
        todo!()
    }
}
