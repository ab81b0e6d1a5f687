//! Answering well: how often is the connection written to?
//!
//! Here are ten functions that send something. Say for each how often the writer below is called;
//! if it were a socket, so many system calls would that be. The tests run the functions and count.
//! Answer first by thinking, then look at what you got wrong.

use std::io::{self, BufWriter, LineWriter, Write};

/// A connection on which a server answers. It counts how often it is written to: for a socket, each
/// would be a system call.
#[derive(Debug)]
pub struct Counted {
    /// How many bytes it takes at most with one call.
    pub most: usize,
    pub calls: usize,
    pub bytes: Vec<u8>,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        let taken = bytes.len().min(self.most);
        self.bytes.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn macro_straight(out: &mut Counted, length: u32) -> io::Result<()> {
    write!(out, "Content-Length: {length}\r\n")
}

pub fn format_first(out: &mut Counted, length: u32) -> io::Result<()> {
    out.write_all(format!("Content-Length: {length}\r\n").as_bytes())
}

pub fn several_values(out: &mut Counted, length: u32) -> io::Result<()> {
    write!(out, "{length}{length}-{length}")
}

pub fn through_a_buffer(out: &mut Counted, length: u32) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64, out);
    write!(out, "Content-Length: {length}\r\n")?;
    write!(out, "Age: {length}\r\n\r\n")?;
    out.flush()
}

pub fn a_buffer_too_small_for_both(out: &mut Counted) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(4, out);
    out.write_all(b"abc")?;
    out.write_all(b"de")?;
    out.flush()
}

pub fn a_piece_larger_than_the_buffer(out: &mut Counted) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(4, out);
    out.write_all(b"a")?;
    out.write_all(b"bcdefgh")?;
    out.flush()
}

pub fn dropped_without_flush(out: &mut Counted) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64, out);
    out.write_all(b"ab")?;
    out.write_all(b"cd")
}

pub fn flushed_for_nothing(out: &mut Counted) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64, out);
    out.flush()?;
    out.flush()
}

pub fn by_lines(out: &mut Counted) -> io::Result<()> {
    let mut out = LineWriter::new(out);
    out.write_all(b"one\ntwo\nthr")?;
    out.write_all(b"ee")?;
    out.flush()
}

/// The connection takes four bytes at most with one call.
pub fn a_narrow_connection(out: &mut Counted) -> io::Result<()> {
    out.write_all(b"0123456789")
}

/// How often [`Counted`] is called, by the names of the functions.
#[derive(Clone, Copy, Debug)]
pub struct Calls {
    pub macro_straight: usize,
    pub format_first: usize,
    pub several_values: usize,
    pub through_a_buffer: usize,
    pub a_buffer_too_small_for_both: usize,
    pub a_piece_larger_than_the_buffer: usize,
    pub dropped_without_flush: usize,
    pub flushed_for_nothing: usize,
    pub by_lines: usize,
    pub a_narrow_connection: usize,
}

pub fn calls() -> Calls {
    todo!()
}
