//! Bytes, not messages: where does a request head end?
//!
//! Bytes arrive in any pieces. A caller keeps all that has come and presents it again each time
//! there is more. You say how long the head is, as soon as its end is there.
//!
//! * A head ends with an empty line. Every line ends with CRLF; an LF without a CR before it is
//!   refused (RFC 9112 §2.2 would let you accept it; two programs that disagree about where a
//!   line ends are how requests get smuggled).
//! * Look at each byte a few times at most, however small the pieces are: a peer that sends one
//!   byte at a time must not cost you quadratic time. The tests count.

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
    // Yours.
}

impl HeadEnd {
    /// The length of the head at the start of `input`, empty line included, or `None` if its end
    /// has yet to come. `input` has only grown since the last call.
    pub fn find(&mut self, input: &Input<'_>) -> Result<Option<usize>, BareLf> {
        todo!("look for the empty line, from where you stopped looking")
    }
}
