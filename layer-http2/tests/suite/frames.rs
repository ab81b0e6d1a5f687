//! Frames by hand, for what no orderly client would send (RFC 9113 §4.1, §6; RFC 7541 §6.2.2).

use layer_http2::PREFACE;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

/// Flags.
pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// Error codes (RFC 9113 §7).
pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const INTERNAL_ERROR: u32 = 2;
pub(crate) const FLOW_CONTROL_ERROR: u32 = 3;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The preface and SETTINGS with these parameters.
pub(crate) fn preface(settings: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = settings
        .iter()
        .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
        .collect();
    [&PREFACE[..], &frame(SETTINGS, 0, 0, &payload), &frame(SETTINGS, ACK, 0, &[])].concat()
}

/// `SETTINGS_INITIAL_WINDOW_SIZE`.
pub(crate) const INITIAL_WINDOW: u16 = 4;

/// Fields as literals, neither indexed nor compressed.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            match u8::try_from(text.len()) {
                Ok(length @ ..127) => block.push(length),
                _ => {
                    block.push(127);
                    let mut rest = text.len() - 127;
                    while rest >= 128 {
                        block.push(u8::try_from(rest % 128).unwrap() | 128);
                        rest /= 128;
                    }
                    block.push(u8::try_from(rest).unwrap());
                }
            }
            block.extend(text.as_bytes());
        }
    }
    block
}

/// The fields of a request for this path, and these.
pub(crate) fn request(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut fields =
        vec![(":method", method), (":scheme", "http"), (":authority", "h"), (":path", path)];
    fields.extend(more);
    block(&fields)
}

/// A request without a body.
pub(crate) fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &request("GET", path, &[]))
}

/// A request whose body is to come.
pub(crate) fn post(stream: u32, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &request("POST", path, more))
}

pub(crate) fn open_window(stream: u32, by: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes())
}

pub(crate) fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn ends_stream(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }

    /// The error code of `RST_STREAM` or GOAWAY.
    pub(crate) fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    /// The status, if it is the first field: one of the static table, or three literal digits,
    /// compressed (RFC 7541 §6.1, §6.2, appendix B).
    pub(crate) fn status(&self) -> u16 {
        const INDEXED: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
        assert_eq!(self.kind, HEADERS);
        match self.payload[..] {
            [index @ 0x88..=0x8e, ..] => INDEXED[usize::from(index - 0x88)],
            [_, length, ref rest @ ..] if length & 0x80 != 0 => {
                let mut bits = 0_u32;
                for byte in 0..4 {
                    bits = bits << 8 | u32::from(*rest.get(byte).unwrap_or(&0));
                }
                (0..3).fold(0, |status, _| {
                    let five = bits >> 27;
                    let (digit, length) =
                        if five <= 2 { (five, 5) } else { ((bits >> 26) - 0x19 + 3, 6) };
                    bits <<= length;
                    status * 10 + u16::try_from(digit).unwrap()
                })
            }
            [_, 3, ref rest @ ..] => std::str::from_utf8(&rest[..3]).unwrap().parse().unwrap(),
            _ => panic!("no status that we could read: {:?}", self.payload),
        }
    }
}

/// Takes the frames that are complete from the wire.
pub(crate) fn take_frames(wire: &mut Vec<u8>) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, flags, s0, s1, s2, s3, rest @ ..] = &wire[..] {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some(payload) = rest.get(..length) else { break };
        let stream = u32::from_be_bytes([*s0, *s1, *s2, *s3]);
        frames.push(Frame { kind: *kind, flags: *flags, stream, payload: payload.to_vec() });
        wire.drain(..9 + length);
    }
    frames
}

/// The content that came on a stream.
pub(crate) fn content(frames: &[Frame], stream: u32) -> Vec<u8> {
    frames
        .iter()
        .filter(|it| it.kind == DATA && it.stream == stream)
        .flat_map(|it| it.payload.clone())
        .collect()
}

/// The frames of one kind on one stream.
pub(crate) fn of(frames: &[Frame], kind: u8, stream: u32) -> Vec<Frame> {
    frames.iter().filter(|it| it.kind == kind && it.stream == stream).cloned().collect()
}
