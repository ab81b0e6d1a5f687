//! Answering well: a body whose length nobody knows yet (RFC 9112 §7.1).
//!
//! # Explanation
//! The writer gathers bytes and makes a chunk of them when there is no more room. A chunk is put
//! together in memory and handed on in one call, because below may be a socket. `write` takes what
//! it has room for and says how much that was: `write_all` and `write!` call again with the rest.
//! Only `finish` writes the last chunk, since a body that was given up must not look complete.

use std::io::{self, Write};

/// A writer of a chunked body.
#[derive(Debug)]
pub struct ChunkWriter<W: Write> {
    out: W,
    gathered: Vec<u8>,
    room: usize,
}

impl<W: Write> ChunkWriter<W> {
    /// A body that is written to `out` in chunks of `room` bytes, which is at least 1.
    pub fn new(out: W, room: usize) -> Self {
        ChunkWriter { out, gathered: Vec::with_capacity(room), room }
    }

    /// Ends the body, and gives the writer below back.
    pub fn finish(mut self) -> io::Result<W> {
        self.write_chunk()?;
        self.out.write_all(b"0\r\n\r\n")?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// Makes a chunk of what has been gathered, if that is anything.
    fn write_chunk(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let mut chunk = format!("{:x}\r\n", self.gathered.len()).into_bytes();
        chunk.append(&mut self.gathered);
        chunk.extend(b"\r\n");
        self.out.write_all(&chunk)
    }
}

impl<W: Write> Write for ChunkWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.room - self.gathered.len());
        self.gathered.extend_from_slice(&bytes[..taken]);
        if self.gathered.len() == self.room {
            self.write_chunk()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_chunk()?;
        self.out.flush()
    }
}
