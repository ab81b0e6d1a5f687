//! Frames (RFC 6455 §5.2): the right ones, and what makes wrong ones of them.

use std::fmt;

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

/// That of RFC 6455 §5.7.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame, right or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// FIN, the reserved bits, and the opcode.
    pub first: u8,
    /// The key that it is masked with, if it is.
    pub mask: Option<[u8; 4]>,
    /// How its length is written.
    pub length: Length,
    /// The payload, unmasked.
    pub payload: Vec<u8>,
}

/// How the length of a frame is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// As shortly as possible.
    Shortest,
    /// In two more octets, whether they are needed or not.
    Two,
    /// In eight more octets.
    Eight,
    /// In eight more octets, and not the true one.
    Announced(u64),
}

fn frame(opcode: u8, payload: impl Into<Vec<u8>>) -> Frame {
    Frame {
        first: FIN | opcode,
        mask: Some(MASK),
        length: Length::Shortest,
        payload: payload.into(),
    }
}

pub(crate) fn text(payload: impl Into<Vec<u8>>) -> Frame {
    frame(TEXT, payload)
}

pub(crate) fn binary(payload: impl Into<Vec<u8>>) -> Frame {
    frame(BINARY, payload)
}

pub(crate) fn continuation(payload: impl Into<Vec<u8>>) -> Frame {
    frame(CONTINUATION, payload)
}

pub(crate) fn ping(payload: impl Into<Vec<u8>>) -> Frame {
    frame(PING, payload)
}

pub(crate) fn pong(payload: impl Into<Vec<u8>>) -> Frame {
    frame(PONG, payload)
}

pub(crate) fn close(code: u16, reason: impl AsRef<[u8]>) -> Frame {
    frame(CLOSE, [&code.to_be_bytes()[..], reason.as_ref()].concat())
}

/// A Close frame whose payload need not be right.
pub(crate) fn close_with(payload: impl Into<Vec<u8>>) -> Frame {
    frame(CLOSE, payload)
}

pub(crate) fn with_opcode(opcode: u8, payload: impl Into<Vec<u8>>) -> Frame {
    frame(opcode, payload)
}

impl Frame {
    /// Of a message that goes on.
    pub(crate) fn unfinished(mut self) -> Self {
        self.first &= !FIN;
        self
    }

    /// RSV1 is 4, RSV2 is 2, RSV3 is 1.
    pub(crate) fn reserved(mut self, bits: u8) -> Self {
        self.first |= bits << 4;
        self
    }

    pub(crate) fn masked(mut self, mask: Option<[u8; 4]>) -> Self {
        self.mask = mask;
        self
    }

    pub(crate) fn length(mut self, length: Length) -> Self {
        self.length = length;
        self
    }

    pub(crate) fn opcode(&self) -> u8 {
        self.first & 0xf
    }

    pub(crate) fn is_final(&self) -> bool {
        self.first & FIN != 0
    }

    pub(crate) fn is_control(&self) -> bool {
        self.first & 0x8 != 0
    }

    pub(crate) fn has_reserved(&self) -> bool {
        self.first & RESERVED != 0
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.first];
        let masked = if self.mask.is_some() { MASKED } else { 0 };
        let true_length = self.payload.len() as u64;
        let eight = |length: u64| [&[masked | 127][..], &length.to_be_bytes()].concat();
        let two = |length: u16| [&[masked | 126][..], &length.to_be_bytes()].concat();
        bytes.extend(match (self.length, u16::try_from(true_length)) {
            (Length::Shortest, Ok(length @ ..126)) => vec![masked | length.to_le_bytes()[0]],
            (Length::Shortest | Length::Two, Ok(length)) => two(length),
            (Length::Announced(length), _) => eight(length),
            _ => eight(true_length),
        });
        let mask = self.mask.unwrap_or_default();
        bytes.extend(self.mask.iter().flatten());
        bytes.extend(self.payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    /// The frame at the start of `bytes`, as a server sends it, and its length there.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<(Frame, usize)>, String> {
        let Some((&[first, second], rest)) = bytes.split_first_chunk::<2>() else {
            return Ok(None);
        };
        if second & MASKED != 0 {
            return Err("a frame of the server is masked".into()); // §5.1
        }
        let (length, rest) = match second {
            127 => match rest.split_first_chunk::<8>() {
                Some((octets, rest)) => (u64::from_be_bytes(*octets), rest),
                None => return Ok(None),
            },
            126 => match rest.split_first_chunk::<2>() {
                Some((octets, rest)) => (u16::from_be_bytes(*octets).into(), rest),
                None => return Ok(None),
            },
            length => (length.into(), rest),
        };
        let least = match second {
            127 => 0x1_0000,
            126 => 126,
            _ => 0,
        };
        if length < least {
            return Err("a length is not as short as possible".into()); // §5.2
        }
        let length = usize::try_from(length).map_err(|_| "a frame is too long")?;
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        let frame =
            Frame { first, mask: None, length: Length::Shortest, payload: payload.to_vec() };
        Ok(Some((frame, bytes.len() - rest.len() + length)))
    }
}

/// For reports: `text of 5 octets`.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.opcode() {
            CONTINUATION => f.write_str("continuation")?,
            TEXT => f.write_str("text")?,
            BINARY => f.write_str("binary")?,
            CLOSE => f.write_str("close")?,
            PING => f.write_str("ping")?,
            PONG => f.write_str("pong")?,
            opcode => write!(f, "opcode {opcode}")?,
        }
        if !self.is_final() {
            f.write_str(" (unfinished)")?;
        }
        write!(f, " of {} octets", self.payload.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6455 §5.7.
    #[test]
    fn the_examples_of_the_rfc() {
        let unmasked = |frame: Frame| frame.masked(None).encode();
        assert_eq!(unmasked(text("Hello")), b"\x81\x05Hello");
        assert_eq!(text("Hello").encode(), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
        assert_eq!(unmasked(text("Hel").unfinished()), b"\x01\x03Hel");
        assert_eq!(unmasked(continuation("lo")), b"\x80\x02lo");
        assert_eq!(unmasked(ping("Hello")), b"\x89\x05Hello");
        assert_eq!(pong("Hello").encode(), b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
        assert_eq!(unmasked(binary([7; 256]))[..4], [0x82, 0x7e, 1, 0]);
        assert_eq!(unmasked(binary([7; 65_536]))[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn frames_come_back_as_they_were() {
        for frame in [text("a"), close(1000, "bye"), binary([1; 126]), binary(vec![2; 70_000])] {
            let frame = frame.masked(None);
            let bytes = frame.encode();
            assert_eq!(Frame::read(&bytes).unwrap().unwrap(), (frame, bytes.len()));
            assert_eq!(Frame::read(&bytes[..bytes.len() - 1]).unwrap(), None);
        }
    }

    #[test]
    fn a_frame_that_a_server_must_not_send_is_an_error() {
        assert!(Frame::read(&text("a").encode()).is_err());
        assert!(Frame::read(&text("a").masked(None).length(Length::Two).encode()).is_err());
        assert!(
            Frame::read(&text([b'a'; 126]).masked(None).length(Length::Eight).encode()).is_err()
        );
    }
}
