//! WebSocket: UTF-8 in pieces.
//!
//! `from_utf8` says where the valid part ends, and whether what follows is wrong (`error_len` is
//! some) or only incomplete (`None`). An incomplete character has at most three bytes, and the
//! standard library already calls a beginning wrong that no further byte can mend, so nothing of
//! the table of RFC 3629 has to be written down again.
//!
//! The few bytes that are kept come first with the next piece. They are completed byte by byte, so
//! at most three bytes of the new piece are looked at for them; the rest is checked where it lies.
//! To put the kept bytes and the whole piece together would be shorter, and would copy every
//! message.

/// The message is closed with the code 1007.
#[derive(Debug, PartialEq, Eq)]
pub struct NoText;

/// Checks one message.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// The beginning of a character.
    half: [u8; 4],
    kept: usize,
}

impl Text {
    /// The next bytes of the message.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), NoText> {
        while self.kept > 0
            && let Some((&byte, rest)) = bytes.split_first()
        {
            bytes = rest;
            self.half[self.kept] = byte;
            self.kept += 1;
            match str::from_utf8(&self.half[..self.kept]) {
                Ok(_) => self.kept = 0,
                Err(error) if error.error_len().is_some() => return Err(NoText),
                Err(_) => {}
            }
        }
        if let Err(error) = str::from_utf8(bytes) {
            let half = &bytes[error.valid_up_to()..];
            if error.error_len().is_some() {
                return Err(NoText);
            }
            self.half[..half.len()].copy_from_slice(half);
            self.kept = half.len();
        }
        Ok(())
    }

    /// The message is over.
    pub fn end(self) -> Result<(), NoText> {
        if self.kept > 0 { Err(NoText) } else { Ok(()) }
    }
}
