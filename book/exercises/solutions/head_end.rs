//! Bytes, not messages: the end of a head.
//!
//! Two numbers survive between the calls: up to where the bytes have been looked at, and where the
//! line began that is still arriving. With these each byte is looked at once, and the byte before
//! an LF a second time. A search for CRLF CRLF from the beginning would be shorter, and a peer that
//! sends a head of 8 KiB byte by byte would make it look at 32 million bytes.
//!
//! A line is empty if its CR stands where the line began. The LF without a CR is found on the way:
//! an LF at the very beginning of a line cannot have a CR before it that belongs to this line.

use std::cell::Cell;

/// The bytes that have come so far. It counts how often it is looked at.
pub struct Input<'a> {
    bytes: &'a [u8],
    looks: &'a Cell<usize>,
}

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8], looks: &'a Cell<usize>) -> Self {
        Input { bytes, looks }
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The byte at an index.
    pub fn at(&self, index: usize) -> u8 {
        self.looks.set(self.looks.get() + 1);
        self.bytes[index]
    }
}

/// A line ended in LF alone.
#[derive(Debug, PartialEq, Eq)]
pub struct BareLf;

/// Looks for the end of one head.
#[derive(Default)]
pub struct HeadEnd {
    /// All bytes before this have been looked at.
    seen: usize,
    /// Where the line that is arriving began.
    line: usize,
}

impl HeadEnd {
    /// The length of the head at the start of `input`, empty line included, or `None` if its end
    /// has yet to come. `input` has only grown since the last call.
    pub fn find(&mut self, input: &Input<'_>) -> Result<Option<usize>, BareLf> {
        while self.seen < input.len() {
            let end = self.seen;
            self.seen += 1;
            if input.at(end) != b'\n' {
                continue;
            }
            if end == self.line || input.at(end - 1) != b'\r' {
                return Err(BareLf);
            }
            let is_empty = end - 1 == self.line;
            self.line = end + 1;
            if is_empty {
                return Ok(Some(self.line));
            }
        }
        Ok(None)
    }
}
