//! Frames (RFC 9113 §4.1, §6): the right ones, and what makes wrong ones of them.

use std::fmt;

/// Type of a frame.
pub const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
/// Type of a frame.
pub const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
/// Type of a frame.
pub const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const ACK: u8 = 0x1;
pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;
pub(crate) const PADDED: u8 = 0x8;
pub(crate) const PRIORITIZED: u8 = 0x20;

// Settings (RFC 9113 §6.5.2).
pub(crate) const HEADER_TABLE_SIZE: u16 = 1;
pub(crate) const ENABLE_PUSH: u16 = 2;
pub(crate) const MAX_CONCURRENT_STREAMS: u16 = 3;
/// A setting (RFC 9113 §6.5.2).
pub const INITIAL_WINDOW_SIZE: u16 = 4;
pub(crate) const MAX_FRAME_SIZE: u16 = 5;
pub(crate) const MAX_HEADER_LIST_SIZE: u16 = 6;

const HEADER: usize = 9;

/// A frame, right or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its type.
    pub kind: u8,
    /// Its flags, also those that are not defined.
    pub flags: u8,
    /// Its stream, with the reserved bit.
    pub stream: u32,
    /// The octets behind the nine of the header.
    pub payload: Vec<u8>,
}

/// Why a stream or a connection ends (RFC 9113 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum Code {
    NoError,
    ProtocolError,
    InternalError,
    FlowControlError,
    SettingsTimeout,
    StreamClosed,
    FrameSizeError,
    RefusedStream,
    Cancel,
    CompressionError,
    ConnectError,
    EnhanceYourCalm,
    InadequateSecurity,
    Http11Required,
}

impl Code {
    const ALL: [Code; 14] = [
        Code::NoError,
        Code::ProtocolError,
        Code::InternalError,
        Code::FlowControlError,
        Code::SettingsTimeout,
        Code::StreamClosed,
        Code::FrameSizeError,
        Code::RefusedStream,
        Code::Cancel,
        Code::CompressionError,
        Code::ConnectError,
        Code::EnhanceYourCalm,
        Code::InadequateSecurity,
        Code::Http11Required,
    ];

    /// By its number.
    #[must_use]
    pub fn read(number: u32) -> Option<Code> {
        Code::ALL.get(usize::try_from(number).ok()?).copied()
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: impl Into<Vec<u8>>) -> Frame {
    Frame { kind, flags, stream, payload: payload.into() }
}

/// DATA.
#[must_use]
pub fn data(stream: u32, bytes: impl Into<Vec<u8>>) -> Frame {
    frame(DATA, 0, stream, bytes)
}

/// A whole field section in one frame.
#[must_use]
pub fn headers(stream: u32, block: impl Into<Vec<u8>>) -> Frame {
    frame(HEADERS, END_HEADERS, stream, block)
}

/// The last part of a field section.
#[must_use]
pub fn continuation(stream: u32, block: impl Into<Vec<u8>>) -> Frame {
    frame(CONTINUATION, END_HEADERS, stream, block)
}

/// `weight` is as it is written: one less than meant (RFC 7540 §6.3).
pub(crate) fn priority(stream: u32, depends_on: u32, weight: u8) -> Frame {
    frame(PRIORITY, 0, stream, [&depends_on.to_be_bytes()[..], &[weight]].concat())
}

/// `RST_STREAM`.
#[must_use]
pub fn rst_stream(stream: u32, code: u32) -> Frame {
    frame(RST_STREAM, 0, stream, code.to_be_bytes())
}

/// SETTINGS: identifiers and values.
#[must_use]
pub fn settings(values: &[(u16, u32)]) -> Frame {
    let one = |(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
    frame(SETTINGS, 0, 0, values.iter().flat_map(one).collect::<Vec<u8>>())
}

pub(crate) fn settings_ack() -> Frame {
    frame(SETTINGS, ACK, 0, [])
}

pub(crate) fn push_promise(stream: u32, promised: u32, block: &[u8]) -> Frame {
    frame(PUSH_PROMISE, END_HEADERS, stream, [&promised.to_be_bytes()[..], block].concat())
}

/// PING.
#[must_use]
pub fn ping(payload: &[u8; 8]) -> Frame {
    frame(PING, 0, 0, *payload)
}

pub(crate) fn goaway(last_stream: u32, code: u32, debug: &str) -> Frame {
    let payload = [&last_stream.to_be_bytes()[..], &code.to_be_bytes(), debug.as_bytes()].concat();
    frame(GOAWAY, 0, 0, payload)
}

/// `WINDOW_UPDATE`.
#[must_use]
pub fn window_update(stream: u32, increment: u32) -> Frame {
    frame(WINDOW_UPDATE, 0, stream, increment.to_be_bytes())
}

pub(crate) fn unknown(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Frame {
    frame(kind, flags, stream, payload)
}

impl Frame {
    /// The last of its stream.
    #[must_use]
    pub fn end_stream(mut self) -> Self {
        self.flags |= END_STREAM;
        self
    }

    /// Of a field section that goes on in CONTINUATION.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.flags &= !END_HEADERS;
        self
    }

    /// With more flags.
    #[must_use]
    pub fn flags(mut self, flags: u8) -> Self {
        self.flags |= flags;
        self
    }

    pub(crate) fn on(mut self, stream: u32) -> Self {
        self.stream = stream;
        self
    }

    /// Another payload, of another length than the type has, say.
    pub(crate) fn payload(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.payload = payload.into();
        self
    }

    /// Priority fields in HEADERS (RFC 9113 §6.2): to be called before `padded`.
    #[must_use]
    pub fn prioritized(mut self, depends_on: u32, weight: u8) -> Self {
        self.flags |= PRIORITIZED;
        self.payload = [&depends_on.to_be_bytes()[..], &[weight], self.payload.as_slice()].concat();
        self
    }

    /// With so much padding.
    #[must_use]
    pub fn padded(self, length: u8) -> Self {
        let padding = vec![0; length.into()];
        self.padded_with(length, &padding)
    }

    /// With a Pad Length that need not be true.
    #[must_use]
    pub fn padded_with(mut self, length: u8, padding: &[u8]) -> Self {
        self.flags |= PADDED;
        self.payload = [&[length], self.payload.as_slice(), padding].concat();
        self
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX).to_be_bytes();
        let mut bytes = length[1..].to_vec();
        bytes.extend([self.kind, self.flags]);
        bytes.extend(self.stream.to_be_bytes());
        bytes.extend(&self.payload);
        bytes
    }

    /// The frame at the start of `bytes`, and its length there.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<(Frame, usize)> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        let [a, b, c, kind, flags, stream @ ..] = *header;
        let length = (usize::from(a) << 16) + (usize::from(b) << 8) + usize::from(c);
        let payload = rest.get(..length)?;
        let frame = frame(kind, flags, u32::from_be_bytes(stream), payload);
        Some((frame, HEADER + length))
    }

    /// The length that the frame at the start of `bytes` announces, as soon as it can be seen.
    pub(crate) fn announced(bytes: &[u8]) -> Option<u32> {
        let (&[a, b, c], _) = bytes.split_first_chunk::<3>()?;
        Some(u32::from_be_bytes([0, a, b, c]))
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The four octets of the payload from there on, as a number.
    #[must_use]
    pub fn number(&self, at: usize) -> Option<u32> {
        let bytes = self.payload.get(at..at + 4)?;
        Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// Identifiers and values of SETTINGS.
    pub(crate) fn values(&self) -> impl Iterator<Item = (u16, u32)> {
        self.payload.chunks_exact(6).map(|bytes| {
            let id = u16::from_be_bytes([bytes[0], bytes[1]]);
            (id, u32::from_be_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]))
        })
    }

    /// DATA or a field section without padding and priority.
    pub(crate) fn content(&self) -> Result<&[u8], String> {
        let mut content = self.payload.as_slice();
        if self.has(PADDED) {
            let too_long = "the padding is longer than the frame";
            let (&length, rest) = content.split_first().ok_or(too_long)?;
            let end = rest.len().checked_sub(length.into()).ok_or(too_long)?;
            if rest[end..].iter().any(|&octet| octet != 0) {
                return Err("the padding is not zero".into()); // §6.1, §6.2
            }
            content = &rest[..end];
        }
        if self.kind == HEADERS && self.has(PRIORITIZED) {
            content = content.get(5..).ok_or("HEADERS end within the priority")?;
        }
        Ok(content)
    }
}

/// For reports: `HEADERS on 1`.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 10] = [
            "DATA",
            "HEADERS",
            "PRIORITY",
            "RST_STREAM",
            "SETTINGS",
            "PUSH_PROMISE",
            "PING",
            "GOAWAY",
            "WINDOW_UPDATE",
            "CONTINUATION",
        ];
        match NAMES.get(usize::from(self.kind)) {
            Some(name) => f.write_str(name)?,
            None => write!(f, "type {}", self.kind)?,
        }
        if self.has(ACK) && matches!(self.kind, SETTINGS | PING) {
            f.write_str(" ACK")?;
        }
        if self.stream != 0 {
            write!(f, " on {}", self.stream)?;
        }
        if self.has(END_STREAM) && matches!(self.kind, DATA | HEADERS) {
            f.write_str(" END_STREAM")?;
        }
        let code = match self.kind {
            RST_STREAM => self.number(0),
            GOAWAY => self.number(4),
            _ => None,
        };
        match code {
            Some(number) => match Code::read(number) {
                Some(code) => write!(f, " ({code:?})"),
                None => write!(f, " (code {number})"),
            },
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were() {
        for frame in [
            data(1, "abc").end_stream().padded(9),
            settings(&[(INITIAL_WINDOW_SIZE, 7)]),
            window_update(0x8000_0003, 1),
            unknown(0xff, 0xff, 0, &vec![1; 70_000]),
        ] {
            let bytes = frame.encode();
            assert_eq!(Frame::read(&bytes).unwrap(), (frame, bytes.len()));
            assert_eq!(Frame::read(&bytes[..bytes.len() - 1]), None);
            assert_eq!(Frame::announced(&bytes).unwrap() as usize, bytes.len() - 9);
        }
    }

    #[test]
    fn padding_and_priority_are_no_content() {
        let frame = headers(1, "abc").prioritized(3, 4).padded(5);
        assert_eq!(frame.content().unwrap(), b"abc");
        assert_eq!(frame.payload.len(), 1 + 5 + 3 + 5);
        assert_eq!(data(1, [0; 3]).padded_with(3, b"").content().unwrap(), b"");
        assert!(data(1, "abc").padded_with(3, b"").content().is_err(), "it is not zero");
        assert!(data(1, "abc").padded_with(4, b"").content().is_err());
        assert!(data(1, "").flags(PADDED).content().is_err());
        assert!(headers(1, "abcd").flags(PRIORITIZED).content().is_err());
    }

    #[test]
    fn frames_can_be_told_apart_in_a_report() {
        assert_eq!(headers(1, "").end_stream().to_string(), "HEADERS on 1 END_STREAM");
        assert_eq!(goaway(1, 9, "x").to_string(), "GOAWAY (CompressionError)");
        assert_eq!(rst_stream(3, 99).to_string(), "RST_STREAM on 3 (code 99)");
        assert_eq!(settings_ack().to_string(), "SETTINGS ACK");
    }
}
