//! The frames of the server so far, held strictly against what RFC 9113 has for any frame: a frame
//! that must not have been sent fails any case.

use std::collections::{BTreeMap, VecDeque};

use crate::http2::frame::{
    self, ACK, Code, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, PING, PUSH_PROMISE,
    RST_STREAM, SETTINGS, WINDOW_UPDATE,
};
use crate::http2::hpack::{Decoder, Field};

/// Initial values of SETTINGS (RFC 9113 §6.5.2).
const DEFAULT_WINDOW: u32 = 65_535;
const DEFAULT_FRAME: u32 = 16_384;

/// The last stream and the largest window (RFC 9113 §5.1.1, §6.9.1).
const MOST: u32 = 0x7fff_ffff;

/// The state of one connection.
pub(crate) struct Peer {
    streams: BTreeMap<u32, Stream>,
    /// The last stream that we have opened.
    opened: u32,
    /// Why it sent GOAWAY, if it did.
    pub(crate) goaway: Option<(u32, Option<Code>)>,
    pub(crate) pongs: Vec<Vec<u8>>,
    /// Its settings, and whether they have come.
    pub(crate) max_streams: Option<u32>,
    pub(crate) max_frame: u32,
    initial_window: u32,
    pub(crate) has_settings: bool,
    pub(crate) acknowledged: usize,
    /// Room that `WINDOW_UPDATE` gave us, by stream.
    pub(crate) updates: BTreeMap<u32, u64>,
    /// Content that we have sent, by stream.
    content: BTreeMap<u32, u64>,
    /// All frames that came, for a report.
    pub(crate) log: Vec<String>,
    /// A field section that goes on in the next frame.
    unfinished: Option<(Frame, Vec<u8>)>,
    decoder: Decoder,
    ours: Ours,
}

/// The settings of our side.
struct Ours {
    /// Settings that were acknowledged, and those that were not yet.
    window: u32,
    frame: u32,
    pending: VecDeque<Vec<(u16, u32)>>,
    /// Room given by `WINDOW_UPDATE`, by stream.
    given: BTreeMap<u32, u64>,
    /// Content that came, with its padding.
    received: u64,
}

/// One stream: the responses and the content that came on it.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// Without interim responses.
    pub(crate) head: Option<(u16, Vec<Field>)>,
    pub(crate) content: Vec<u8>,
    pub(crate) has_ended: bool,
    pub(crate) reset: Option<Option<Code>>,
    received: u64,
}

impl Peer {
    pub(crate) fn new() -> Self {
        Peer {
            streams: BTreeMap::new(),
            opened: 0,
            goaway: None,
            pongs: Vec::new(),
            max_streams: None,
            max_frame: DEFAULT_FRAME,
            initial_window: DEFAULT_WINDOW,
            has_settings: false,
            acknowledged: 0,
            updates: BTreeMap::new(),
            content: BTreeMap::new(),
            log: Vec::new(),
            unfinished: None,
            decoder: Decoder::new(),
            ours: Ours {
                window: DEFAULT_WINDOW,
                frame: DEFAULT_FRAME,
                pending: VecDeque::new(),
                given: BTreeMap::new(),
                received: 0,
            },
        }
    }

    pub(crate) fn stream(&self, id: u32) -> Option<&Stream> {
        self.streams.get(&id)
    }

    /// Learns what a frame of ours allows.
    pub(crate) fn sent(&mut self, frame: &Frame) {
        match frame.kind {
            HEADERS => self.opened = self.opened.max(frame.stream & MOST),
            SETTINGS if !frame.has(ACK) => self.ours.pending.push_back(frame.values().collect()),
            WINDOW_UPDATE => {
                let increment = frame.number(0).unwrap_or(0) & 0x7fff_ffff;
                *self.ours.given.entry(frame.stream & 0x7fff_ffff).or_default() +=
                    u64::from(increment);
            }
            DATA => {
                let length = frame.payload.len() as u64;
                *self.content.entry(frame.stream).or_default() += length;
            }
            _ => {}
        }
    }

    /// How much content the server has room for on this stream (RFC 9113 §6.9).
    pub(crate) fn room(&self, stream: u32) -> u64 {
        self.given(0).min(self.given(stream)).try_into().unwrap_or(0)
    }

    /// How much room there is in one window: that of the connection is number 0.
    fn given(&self, id: u32) -> i64 {
        let of = |octets: u64| i64::try_from(octets).unwrap_or(i64::MAX);
        let given = of(self.updates.get(&id).copied().unwrap_or(0));
        match id {
            0 => i64::from(DEFAULT_WINDOW) + given - of(self.content.values().sum()),
            _ => {
                let sent = of(self.content.get(&id).copied().unwrap_or(0));
                i64::from(self.initial_window) + given - sent
            }
        }
    }

    /// Whether a frame of this length is more than we have allowed (RFC 9113 §4.2).
    pub(crate) fn is_too_long(&self, length: u32) -> bool {
        length > self.ours.most(frame::MAX_FRAME_SIZE, self.ours.frame)
    }

    /// Takes a frame of the server's; says what is wrong with it.
    pub(crate) fn receive(&mut self, frame: &Frame) -> Result<(), String> {
        self.log.push(frame.to_string());
        self.take(frame).map_err(|error| format!("{frame}: {error}"))
    }

    fn take(&mut self, frame: &Frame) -> Result<(), String> {
        if !self.has_settings && (frame.kind != SETTINGS || frame.has(ACK)) {
            return Err("the first frame has to be SETTINGS".into()); // §3.4
        }
        if let Some((begun, _)) = &self.unfinished
            && (frame.kind != frame::CONTINUATION || frame.stream != begun.stream)
        {
            return Err("a field section has not ended yet".into()); // §6.10
        }
        if frame.stream > MOST || frame.flags & !defined_flags(frame.kind) != 0 {
            return Err("a reserved bit or an undefined flag is set".into()); // §4.1
        }
        let on_stream = matches!(frame.kind, DATA | HEADERS | RST_STREAM);
        let on_connection = matches!(frame.kind, SETTINGS | PING | GOAWAY);
        match frame.stream {
            0 if on_stream => return Err("it needs a stream".into()),
            1.. if on_connection => return Err("it has a stream".into()),
            id if on_stream && id % 2 == 0 => return Err("streams of the client are odd".into()),
            _ => {}
        }
        match frame.kind {
            DATA => self.data(frame),
            HEADERS => self.field_section(frame.clone(), frame.content()?.to_vec()),
            frame::CONTINUATION => match self.unfinished.take() {
                Some((begun, mut block)) => {
                    block.extend(&frame.payload);
                    let flags = begun.flags | frame.flags;
                    self.field_section(Frame { flags, ..begun }, block)
                }
                None => Err("there is no field section to continue".into()),
            },
            RST_STREAM => {
                let number = number(frame)?;
                if frame.stream > self.opened {
                    return Err("its stream is idle".into()); // §6.4
                }
                self.streams.entry(frame.stream).or_default().reset = Some(Code::read(number));
                Ok(())
            }
            SETTINGS => self.settings(frame),
            PUSH_PROMISE => Err("push is not allowed".into()), // §8.4
            PING => {
                if frame.payload.len() != 8 {
                    return Err("its length is wrong".into());
                }
                if frame.has(ACK) {
                    self.pongs.push(frame.payload.clone());
                }
                Ok(())
            }
            GOAWAY => self.goaway(frame),
            WINDOW_UPDATE => match number(frame)? {
                increment @ 1..=MOST => {
                    *self.updates.entry(frame.stream).or_default() += u64::from(increment);
                    if self.given(frame.stream) > i64::from(MOST) {
                        return Err("the window is too large".into()); // §6.9.1
                    }
                    Ok(())
                }
                _ => Err("its increment is out of range".into()),
            },
            _ => Ok(()),
        }
    }

    fn data(&mut self, frame: &Frame) -> Result<(), String> {
        let length = frame.payload.len() as u64;
        self.ours.received += length;
        let given = |stream| self.ours.given.get(&stream).copied().unwrap_or(0);
        let on_connection = u64::from(DEFAULT_WINDOW) + given(0);
        let on_stream = u64::from(self.ours.most(frame::INITIAL_WINDOW_SIZE, self.ours.window))
            + given(frame.stream);
        let stream = self.streams.entry(frame.stream).or_default();
        stream.received += length;
        if length > 0 && (stream.received > on_stream || self.ours.received > on_connection) {
            return Err("there is no room for it in the window".into()); // §6.9.1
        }
        if stream.head.is_none() {
            return Err("content before a head".into()); // §8.1
        }
        if stream.has_ended || stream.reset.is_some() {
            return Err("its stream is closed".into()); // §5.1
        }
        stream.content.extend(frame.content()?);
        if frame.has(END_STREAM) {
            stream.end()?;
        }
        Ok(())
    }

    fn field_section(&mut self, frame: Frame, block: Vec<u8>) -> Result<(), String> {
        if !frame.has(END_HEADERS) {
            self.unfinished = Some((frame, block));
            return Ok(());
        }
        let fields = self.decoder.decode(&block)?;
        let stream = self.streams.entry(frame.stream).or_default();
        if stream.has_ended || stream.reset.is_some() {
            return Err("its stream is closed".into()); // §5.1
        }
        let status = check_fields(&fields)?;
        match (status, &stream.head) {
            (Some(101), _) => return Err("there is no 101 in HTTP/2".into()), // §8.6
            (Some(100..200), None) if frame.has(END_STREAM) => {
                return Err("an interim response ends the stream".into()); // §8.1
            }
            (Some(100..200), None) => {}
            (Some(status), None) => stream.head = Some((status, fields)),
            (None, Some(_)) if frame.has(END_STREAM) => {} // trailers
            _ => return Err("a head or trailers where none belong".into()), // §8.1
        }
        self.log.pop();
        self.log.push(format!("{frame} {}", status.map_or("trailers".into(), |s| s.to_string())));
        if frame.has(END_STREAM) {
            stream.end()?;
        }
        Ok(())
    }

    fn settings(&mut self, frame: &Frame) -> Result<(), String> {
        if frame.has(ACK) {
            if !frame.payload.is_empty() {
                return Err("an acknowledgement has no payload".into()); // §6.5
            }
            let values = self.ours.pending.pop_front().ok_or("there is nothing to acknowledge")?;
            self.acknowledged += 1;
            let is_table = |(id, _): &&(u16, u32)| *id == frame::HEADER_TABLE_SIZE;
            if let Some((_, size)) = values.iter().rfind(is_table) {
                self.decoder.allow(*size);
            }
            for (id, value) in values {
                match id {
                    frame::INITIAL_WINDOW_SIZE => self.ours.window = value,
                    frame::MAX_FRAME_SIZE => self.ours.frame = value,
                    _ => {}
                }
            }
            return Ok(());
        }
        if !frame.payload.len().is_multiple_of(6) {
            return Err("its length is wrong".into());
        }
        for (id, value) in frame.values() {
            let is_right = match id {
                frame::ENABLE_PUSH => value == 0,
                frame::INITIAL_WINDOW_SIZE => value <= 0x7fff_ffff,
                frame::MAX_FRAME_SIZE => (DEFAULT_FRAME..1 << 24).contains(&value),
                _ => true,
            };
            if !is_right {
                return Err(format!("setting {id} cannot be {value}")); // §6.5.2
            }
            match id {
                frame::MAX_CONCURRENT_STREAMS => self.max_streams = Some(value),
                frame::MAX_FRAME_SIZE => self.max_frame = value,
                frame::INITIAL_WINDOW_SIZE => self.initial_window = value,
                _ => {}
            }
        }
        self.has_settings = true;
        Ok(())
    }

    fn goaway(&mut self, frame: &Frame) -> Result<(), String> {
        let (Some(last), Some(code)) = (frame.number(0), frame.number(4)) else {
            return Err("its length is wrong".into());
        };
        if self.goaway.is_some_and(|(before, _)| last > before) {
            return Err("the last stream has become a later one".into()); // §6.8
        }
        self.goaway = Some((last, Code::read(code)));
        Ok(())
    }
}

impl Ours {
    /// The largest value of a setting that the server may go by: one that was acknowledged, or
    /// that it may have taken already.
    fn most(&self, setting: u16, acknowledged: u32) -> u32 {
        let pending = self.pending.iter().flatten().filter(|(id, _)| *id == setting);
        pending.map(|(_, value)| *value).fold(acknowledged, u32::max)
    }
}

impl Stream {
    /// A response that ends has a head, and the content that it announced.
    fn end(&mut self) -> Result<(), String> {
        self.has_ended = true;
        if self.head.is_none() { Err("it ends without a head".into()) } else { Ok(()) }
    }
}

/// The flags that a frame of this type may have (RFC 9113 §6).
fn defined_flags(kind: u8) -> u8 {
    match kind {
        DATA => END_STREAM | frame::PADDED,
        HEADERS => END_STREAM | END_HEADERS | frame::PADDED | frame::PRIORITIZED,
        SETTINGS | PING => ACK,
        PUSH_PROMISE => END_HEADERS | frame::PADDED,
        frame::CONTINUATION => END_HEADERS,
        frame::PRIORITY | RST_STREAM | GOAWAY | WINDOW_UPDATE => 0,
        _ => u8::MAX, // an extension's
    }
}

fn number(frame: &Frame) -> Result<u32, String> {
    match (frame.payload.len(), frame.number(0)) {
        (4, Some(number)) => Ok(number),
        _ => Err("its length is wrong".into()),
    }
}

/// The status of a head, or none for trailers. RFC 9113 §8.2, §8.3.
fn check_fields(fields: &[Field]) -> Result<Option<u16>, String> {
    const OF_THE_CONNECTION: [&[u8]; 5] =
        [b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"];
    let mut status = None;
    for (at, (name, value)) in fields.iter().enumerate() {
        let shown = name.escape_ascii();
        if name.starts_with(b":") {
            if name != b":status" || at != 0 {
                return Err(format!("{shown} where it does not belong")); // §8.3
            }
            let number = str::from_utf8(value).ok().filter(|value| value.len() == 3);
            status = number.and_then(|value| value.parse().ok());
            if status.is_none() {
                return Err("the status is not a number".into());
            }
            continue;
        }
        let is_token = |b: &u8| b.is_ascii_graphic() && !b.is_ascii_uppercase() && *b != b':';
        if name.is_empty() || !name.iter().all(is_token) {
            return Err(format!("the name of a field is {shown:?}")); // §8.2.1
        }
        let is_trimmed = value.trim_ascii().len() == value.len();
        if !is_trimmed || value.iter().any(|b| matches!(b, 0 | b'\r' | b'\n')) {
            return Err(format!("the value of {shown} is malformed")); // §8.2.1
        }
        if OF_THE_CONNECTION.contains(&name.as_slice()) {
            return Err(format!("{shown} belongs to HTTP/1.1")); // §8.2.2
        }
    }
    Ok(status)
}
