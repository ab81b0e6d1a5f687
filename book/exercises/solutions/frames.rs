//! TLS and HTTP/2: frames in any pieces.
//!
//! Only the header is gathered, and its nine bytes have a place of their own; the payload goes
//! through. So the memory of a connection does not depend on what the peer says it will send. Two
//! things tell where the splitter is: how much of the header has come, or, within a frame, how much
//! is left of its payload.
//!
//! A frame without a payload ends where it begins. That is why the end is looked for behind both
//! arms of the loop, and not only where payload has come: SETTINGS without a setting would never
//! end.
//!
//! The length is judged as soon as the header is whole. It is the first thing that a peer can lie
//! about, and the earliest moment at which the lie can be seen.

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
    /// The header as far as it has come.
    header: [u8; HEADER],
    come: usize,
    /// How much is to come of the payload, while there is a frame.
    payload: Option<usize>,
}

impl Frames {
    /// Takes what has come, and says what it is. After an error nothing more is given to it.
    pub fn receive(
        &mut self,
        mut input: &[u8],
        mut on: impl FnMut(Event<'_>),
    ) -> Result<(), TooLong> {
        while !input.is_empty() {
            match self.payload {
                None => {
                    let missing = (HEADER - self.come).min(input.len());
                    let (piece, rest) = input.split_at(missing);
                    self.header[self.come..self.come + missing].copy_from_slice(piece);
                    self.come += missing;
                    input = rest;
                    if self.come == HEADER {
                        self.begin(&mut on)?;
                    }
                }
                Some(length) => {
                    let (piece, rest) = input.split_at(length.min(input.len()));
                    on(Event::Payload(piece));
                    self.payload = Some(length - piece.len());
                    input = rest;
                }
            }
            if self.payload == Some(0) {
                self.payload = None;
                on(Event::End);
            }
        }
        Ok(())
    }

    fn begin(&mut self, on: &mut impl FnMut(Event<'_>)) -> Result<(), TooLong> {
        self.come = 0;
        let [a, b, c, kind, flags, stream @ ..] = self.header;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        if length > MOST {
            return Err(TooLong(length));
        }
        let stream = u32::from_be_bytes(stream) & (u32::MAX >> 1);
        on(Event::Begin { kind, flags, stream, length });
        self.payload = Some(length);
        Ok(())
    }

    /// Whether the last frame is complete and no other has begun. (If it is not, there is something
    /// to wait for, and the wait needs a deadline.)
    pub fn is_between(&self) -> bool {
        self.come == 0 && self.payload.is_none()
    }
}
