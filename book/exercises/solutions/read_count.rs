//! Bytes, not messages: reads are counted.
//!
//! The instrument stands between the source and whatever reads from it. Outside of the `BufReader`
//! it would count how often lines are asked for, which costs nothing; inside it counts system
//! calls. It counts before it looks at the result, because a read that fails or brings nothing
//! costs the same.
//!
//! Byte by byte each byte is a call, and the end is one more. With a buffer it is one call for each
//! piece that arrives, or for each buffer that is full. The reader decides the cost, not the peer:
//! `read_until` and `read` in a loop retry `Interrupted`, and so does a loop of one's own.

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
        self.calls += 1;
        let count = self.inner.read(buffer)?;
        self.bytes += count;
        Ok(count)
    }
}

/// All lines, and how often `source` was read from.
pub fn lines_by_byte(source: impl Read) -> io::Result<(Vec<String>, usize)> {
    let mut source = Counting::new(source);
    let (mut lines, mut line, mut byte) = (Vec::new(), Vec::new(), [0]);
    loop {
        match source.read(&mut byte) {
            Ok(0) => break,
            Ok(_) if byte == *b"\n" => lines.push(text(std::mem::take(&mut line))),
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if !line.is_empty() {
        lines.push(text(line));
    }
    Ok((lines, source.calls))
}

/// All lines, and how often `source` was read from.
pub fn lines_buffered(source: impl Read, capacity: usize) -> io::Result<(Vec<String>, usize)> {
    let mut source = io::BufReader::with_capacity(capacity, Counting::new(source));
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    while io::BufRead::read_until(&mut source, b'\n', &mut line)? > 0 {
        line.pop_if(|last| *last == b'\n');
        lines.push(text(std::mem::take(&mut line)));
    }
    Ok((lines, source.get_ref().calls))
}

fn text(line: Vec<u8>) -> String {
    String::from_utf8_lossy(&line).into_owned()
}
