//! Frames of HTTP/2 (RFC 9113 §4): as a client sends them, and what a server's are in a few words.

/// The longest payload of a frame that every receiver takes (§4.2).
pub const LONGEST: usize = 1 << 14;

const HEADER: usize = 9;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PING: u8 = 6;

/// What a client begins with (§3.4). It takes so many bytes of a response at first.
#[must_use]
pub fn preface(window: u32) -> Vec<u8> {
    let initial_window_size = [&[0, 4][..], &window.to_be_bytes()].concat(); // §6.5.2
    [layer_http2::PREFACE.to_vec(), frame(4, 0, 0, &initial_window_size)].concat()
}

/// A request without a body, on this stream (§8.3.1).
#[must_use]
pub fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(1, END_STREAM | END_HEADERS, stream, &head(0x82, path))
}

/// A request whose body follows, on this stream (§8.3.1).
#[must_use]
pub fn post(stream: u32, path: &str) -> Vec<u8> {
    frame(1, END_HEADERS, stream, &head(0x83, path))
}

/// A piece of a request body, which may be its last (§6.1).
#[must_use]
pub fn data(stream: u32, content: &[u8], is_last: bool) -> Vec<u8> {
    frame(0, if is_last { END_STREAM } else { 0 }, stream, content)
}

/// The client gives a stream up (§6.4): CANCEL.
#[must_use]
pub fn reset(stream: u32) -> Vec<u8> {
    frame(3, 0, stream, &8_u32.to_be_bytes())
}

/// Room for so many bytes more (§6.9).
#[must_use]
pub fn window_update(stream: u32, bytes: u32) -> Vec<u8> {
    frame(8, 0, stream, &bytes.to_be_bytes())
}

/// The answer to a PING that is among these frames (§6.7).
#[must_use]
pub fn ping_answer(frames: &[u8]) -> Vec<u8> {
    let ping = split(frames).find(|frame| frame.kind == PING);
    ping.map_or_else(Vec::new, |ping| frame(PING, ACK, 0, ping.payload))
}

/// The frames by their names, with their streams and what matters of them.
#[must_use]
pub fn describe(frames: &[u8]) -> String {
    split(frames).map(|frame| frame.describe()).collect::<Vec<_>>().join(", ")
}

/// The fields of a request (RFC 7541): two of the static table, and two whose values are written
/// out. Longer values than 126 bytes would need a length of several bytes.
fn head(method: u8, path: &str) -> Vec<u8> {
    let mut block = vec![method, 0x86];
    for (name, value) in [(0x04, path), (0x01, "example.org")] {
        let value = &value.as_bytes()[..value.len().min(126)];
        block.extend([name, u8::try_from(value.len()).unwrap_or_default()]);
        block.extend(value);
    }
    block
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

struct Frame<'a> {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: &'a [u8],
}

impl Frame<'_> {
    fn describe(&self) -> String {
        let name = match self.kind {
            0 => "DATA",
            1 => "HEADERS",
            3 => "RST_STREAM",
            4 => "SETTINGS",
            PING => "PING",
            7 => "GOAWAY",
            8 => "WINDOW_UPDATE",
            _ => "(another)",
        };
        let mut text = name.to_owned();
        if self.stream > 0 {
            text += &format!(" {}", self.stream);
        }
        if self.kind == 0 {
            text += &format!(" ({} bytes)", self.payload.len());
        }
        match self.kind {
            0 | 1 if self.flags & END_STREAM != 0 => text + " END_STREAM",
            4 | PING if self.flags & ACK != 0 => text + " ACK",
            _ => text,
        }
    }
}

/// Whole frames, one after the other.
fn split(mut frames: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    std::iter::from_fn(move || {
        let (header, rest) = frames.split_first_chunk::<HEADER>()?;
        let [a, b, c, kind, flags, stream @ ..] = *header;
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
        let payload;
        (payload, frames) = rest.split_at_checked(length)?;
        Some(Frame { kind, flags, stream: u32::from_be_bytes(stream), payload })
    })
}
