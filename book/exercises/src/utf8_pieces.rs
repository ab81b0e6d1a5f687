//! WebSocket: text in fragments (RFC 6455 §8.1).
//!
//! A text message is UTF-8. It comes in frames, frames come in pieces, and both may be cut in the
//! middle of a character. Check it as it comes:
//!
//! * `feed` takes the next bytes. Whatever cannot become UTF-8 any more is refused at once, even if
//!   the character is not complete: `e0 80` is wrong, whatever follows. A client that sends a wrong
//!   byte and then nothing must not be waited for.
//! * `end` says that the message is over. Half a character is wrong then.
//! * Nothing but the half character is kept: four bytes, not the message. No byte is looked at more
//!   than a few times.
//!
//! `std::str::from_utf8` does the work. Its error tells "wrong" and "not yet" apart.

/// The message is closed with the code 1007.
#[derive(Debug, PartialEq, Eq)]
pub struct NoText;

/// Checks one message.
#[derive(Clone, Debug, Default)]
pub struct Text {
    // Yours: at most 16 bytes.
}

impl Text {
    /// The next bytes of the message.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), NoText> {
        todo!()
    }

    /// The message is over.
    pub fn end(self) -> Result<(), NoText> {
        todo!()
    }
}
