//! TLS and HTTP/2: frames in any pieces.
//!
//! HTTP/2 sends everything in frames. A frame is a header of nine bytes and a payload:
//!
//! ```text
//! length (3 bytes), kind (1), flags (1), stream (4, its highest bit to be ignored), payload
//! ```
//!
//! All numbers are big-endian, and the length is that of the payload. Bytes come in any pieces: a
//! header may be cut anywhere, and one piece may hold the end of a frame, three whole ones and the
//! beginning of a fifth.
//!
//! * Everything that comes is taken at once; nothing is left with the caller.
//! * The payload is passed on as it comes. A frame is not gathered: its sender would decide how
//!   much memory you need. Only the header may be, and its size is known.
//! * A length above [`MOST`] is refused when the header is there, before any of the payload is.
//!   (A server that waits for the payload before it refuses it has already spent the memory.)

/// Bytes of a header.
pub const HEADER: usize = 9;

/// The longest payload, in bytes, unless something else is agreed on (RFC 9113 §4.2).
pub const MOST: usize = 16_384;

#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The header of a frame is complete.
    Begin { kind: u8, flags: u8, stream: u32, length: usize },
    /// Some of its payload, never empty.
    Payload(&'a [u8]),
    /// The frame is complete. One without a payload has this right behind its beginning.
    End,
}

/// The frame would have had a payload of so many bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong(pub usize);

#[derive(Default)]
pub struct Frames {
    // Yours.
}

impl Frames {
    /// Takes what has come, and says what it is. After an error nothing more is given to it.
    pub fn receive(&mut self, input: &[u8], mut on: impl FnMut(Event<'_>)) -> Result<(), TooLong> {
        todo!()
    }

    /// Whether the last frame is complete and no other has begun. (If it is not, there is something
    /// to wait for, and the wait needs a deadline.)
    pub fn is_between(&self) -> bool {
        todo!()
    }
}
