//! HTTP/2 (RFC 9113), as a client of one kind of request.
//!
//! The server is told that it may keep no dynamic table for its field sections (RFC 7541 §4.2), so
//! that equal responses have equal ones: they are decoded only when they differ from the last. The
//! windows for what it sends are as large as can be, so that nearly no frame has to be spent on
//! them.

use std::sync::Arc;

use conformance::http2::PREFACE;
use conformance::http2::hpack::{self, Decoder, Literal};

use crate::load::expectation::{Dates, Expectation, excerpt};
use crate::load::output::Output;
use crate::load::plan::Request;
use crate::load::protocol::{Fault, Phase, Protocol};
use crate::load::traffic::Ticket;

/// The types of frames (RFC 9113 §6).
mod kind {
    pub(super) const DATA: u8 = 0x0;
    pub(super) const HEADERS: u8 = 0x1;
    pub(super) const RST_STREAM: u8 = 0x3;
    pub(super) const SETTINGS: u8 = 0x4;
    pub(super) const PUSH_PROMISE: u8 = 0x5;
    pub(super) const PING: u8 = 0x6;
    pub(super) const GOAWAY: u8 = 0x7;
    pub(super) const WINDOW_UPDATE: u8 = 0x8;
    pub(super) const CONTINUATION: u8 = 0x9;
}

const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// The head of a frame.
const HEAD: usize = 9;

/// The longest frame, as long as nobody says otherwise (§6.5.2); for what we send, too.
const MAX_FRAME: usize = 16_384;

/// The largest window (§6.9.1), and the one that there is at first.
const LARGEST_WINDOW: u32 = 0x7fff_ffff;
const FIRST_WINDOW: u32 = 65_535;

/// How much the server may have sent before its window is made as large as before.
const REFILL: u32 = 1 << 29;

/// How much of a request's content is prepared to be sent.
const AHEAD: usize = 4 * MAX_FRAME;

/// The last stream that we open on a connection: the numbers are not endless.
const LAST_STREAM: u32 = 1 << 30;

/// What the connections of a thread share.
#[derive(Debug)]
pub(super) struct Http2 {
    opening: Vec<u8>,
    /// The field section of the request; of the first one on a connection, and of others.
    first_fields: Vec<u8>,
    fields: Vec<u8>,
    body: Vec<u8>,
    most_under_way: usize,
    expectation: Arc<Expectation>,
    dates: Dates,
    /// The field section that was right last, and what it says.
    last: Vec<u8>,
    last_length: Option<usize>,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Client {
    output: Output,
    /// A frame that has not come whole.
    input: Vec<u8>,
    decoder: Decoder,
    /// The requests that are under way, in the order in which they were sent.
    streams: Vec<Stream>,
    next_stream: u32,
    /// How much we may send.
    window: i64,
    /// And on a new stream.
    stream_window: i64,
    max_streams: usize,
    has_settings: bool,
    /// How much the server has sent since its window was refilled.
    received: u32,
    /// The field section that goes on in the next frame.
    continued: Option<Section>,
    is_last_asked: bool,
    /// The last stream that the server has seen, if it wants no more of them.
    going_away: Option<u32>,
}

/// A request that is under way.
#[derive(Debug)]
struct Stream {
    id: u32,
    ticket: Ticket,
    /// How much of the request's content is still to be put into frames.
    unsent: usize,
    window: i64,
    /// The length that was said, once the head of the response has come.
    head: Option<Option<usize>>,
    received: usize,
    /// The content, as long as nobody knows what it should be.
    kept: Option<Vec<u8>>,
}

/// A field section, which may take several frames.
#[derive(Debug)]
struct Section {
    stream: u32,
    ends_stream: bool,
    block: Vec<u8>,
}

/// A frame.
struct Frame<'a> {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The first frame of some bytes, if it is there whole.
    fn split(bytes: &'a [u8]) -> Result<Option<Frame<'a>>, String> {
        let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else { return Ok(None) };
        let &[l0, l1, l2, kind, flags, s0, s1, s2, s3] = head;
        let length = u32::from_be_bytes([0, l0, l1, l2]) as usize;
        if length > MAX_FRAME {
            return Err(format!("a frame of {length} bytes (RFC 9113 §4.2)"));
        }
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        let stream = u32::from_be_bytes([s0, s1, s2, s3]) & LARGEST_WINDOW;
        Ok(Some(Frame { kind, flags, stream, payload }))
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn length(&self) -> usize {
        HEAD + self.payload.len()
    }

    /// The payload without padding and priority.
    fn content(&self) -> Result<&'a [u8], String> {
        let mut content = self.payload;
        let mut padding = 0;
        if self.has(PADDED) {
            let (first, rest) = content.split_first().ok_or("a frame without its padding")?;
            (padding, content) = (usize::from(*first), rest);
        }
        if self.kind == kind::HEADERS && self.has(PRIORITY) {
            content = content.get(5..).ok_or("a frame without its priority")?;
        }
        let length = content.len().checked_sub(padding).ok_or("more padding than frame (§6.1)")?;
        Ok(&content[..length])
    }
}

fn add_frame(output: &mut Output, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let [_, l0, l1, l2] = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let [s0, s1, s2, s3] = stream.to_be_bytes();
    output.add(&[l0, l1, l2, kind, flags, s0, s1, s2, s3]);
    output.add(payload);
}

fn first_u32(payload: &[u8]) -> Result<u32, String> {
    let (bytes, _) = payload.split_first_chunk().ok_or("a frame that is too short")?;
    Ok(u32::from_be_bytes(*bytes))
}

impl Http2 {
    pub(super) fn new(
        request: &Request,
        authority: &str,
        is_secure: bool,
        most_under_way: usize,
        expectation: Arc<Expectation>,
    ) -> Self {
        let fields = section_of(request, authority, is_secure);
        Http2 {
            opening: opening(),
            first_fields: [hpack::table_size(0), fields.clone()].concat(),
            fields,
            body: request.body.clone(),
            most_under_way,
            expectation,
            dates: Dates::new(),
            last: Vec::new(),
            last_length: None,
        }
    }

    /// Handles all frames that are there whole; returns how long they are.
    fn read_frames(
        &mut self,
        client: &mut Client,
        input: &[u8],
        answered: &mut Vec<Ticket>,
    ) -> Result<usize, String> {
        let mut at = 0;
        while let Some(frame) = Frame::split(&input[at..])? {
            at += frame.length();
            self.read(client, &frame, answered)?;
        }
        Ok(at)
    }

    fn read(
        &mut self,
        client: &mut Client,
        frame: &Frame<'_>,
        answered: &mut Vec<Ticket>,
    ) -> Result<(), String> {
        if client.continued.is_some() != (frame.kind == kind::CONTINUATION) {
            return Err("a field section is not continued, or one that is complete (§6.10)".into());
        }
        if !client.has_settings && frame.kind != kind::SETTINGS {
            return Err("the first frame is not SETTINGS (§3.4)".into());
        }
        match frame.kind {
            kind::DATA => self.read_data(client, frame, answered),
            kind::HEADERS | kind::CONTINUATION => self.read_headers(client, frame, answered),
            kind::SETTINGS => client.read_settings(frame).map(|()| self.send_content(client)),
            kind::PING if !frame.has(ACK) => {
                add_frame(&mut client.output, kind::PING, ACK, 0, frame.payload);
                Ok(())
            }
            kind::WINDOW_UPDATE => client.widen(frame).map(|()| self.send_content(client)),
            kind::GOAWAY => client.read_goaway(frame),
            kind::RST_STREAM if client.position(frame.stream).is_some() => {
                Err(format!("a stream is reset with error {}", first_u32(frame.payload)?))
            }
            kind::PUSH_PROMISE => Err("a push, which was not allowed (§8.4)".into()),
            _ => Ok(()),
        }
    }

    fn read_headers(
        &mut self,
        client: &mut Client,
        frame: &Frame<'_>,
        answered: &mut Vec<Ticket>,
    ) -> Result<(), String> {
        let content = if frame.kind == kind::HEADERS { frame.content()? } else { frame.payload };
        let (stream, ends_stream) = match &client.continued {
            Some(section) => (section.stream, section.ends_stream),
            None => (frame.stream, frame.has(END_STREAM)),
        };
        if stream != frame.stream {
            return Err("a field section is continued on another stream (§6.10)".into());
        }
        let mut whole = None;
        if client.continued.is_some() || !frame.has(END_HEADERS) {
            let so_far = client.continued.take().map_or(Vec::new(), |section| section.block);
            let block = [&so_far, content].concat();
            if !frame.has(END_HEADERS) {
                client.continued = Some(Section { stream, ends_stream, block });
                return Ok(());
            }
            whole = Some(block);
        }
        let at = client.position(stream).ok_or_else(|| unknown(stream))?;
        self.read_section(client, at, whole.as_deref().unwrap_or(content), ends_stream)?;
        if ends_stream { self.end_stream(client, at, answered) } else { Ok(()) }
    }

    /// Looks at a field section, unless it is the one that was right last.
    fn read_section(
        &mut self,
        client: &mut Client,
        at: usize,
        block: &[u8],
        ends_stream: bool,
    ) -> Result<(), String> {
        let stream = &mut client.streams[at];
        if stream.head.is_none() && block == self.last {
            stream.head = Some(self.last_length);
            return Ok(());
        }
        let resizes = block.first().is_some_and(|first| first & 0xe0 == 0x20);
        if resizes && block[0] != 0x20 {
            return Err("a dynamic table, which was not allowed (RFC 7541 §4.2)".into());
        }
        let fields = client.decoder.decode(block)?;
        if stream.head.is_some() {
            let is_trailer = ends_stream && !fields.iter().any(|(name, _)| name.starts_with(b":"));
            return is_trailer.then_some(()).ok_or_else(|| "no trailer section (§8.1)".into());
        }
        let (status, length) = self.read_fields(&fields)?;
        if matches!(status, 100..=199) {
            return if ends_stream {
                Err("a 1xx that ends the stream (§8.1)".into())
            } else {
                Ok(())
            };
        }
        self.expectation.check_status(status)?;
        let length = length.filter(|_| !self.expectation.is_bodiless(status));
        stream.head = Some(length);
        if !resizes {
            self.last = block.to_vec();
            self.last_length = length;
        }
        Ok(())
    }

    /// The status, and the length if one is said.
    fn read_fields(&mut self, fields: &[hpack::Field]) -> Result<(u16, Option<usize>), String> {
        let (mut status, mut length) = (None, None);
        for (name, value) in fields {
            let number = || std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            match name.as_slice() {
                b":status" if status.is_none() && value.len() == 3 => status = number(),
                b"content-length" if length.is_none() => length = Some(number()),
                b"date" => self.dates.check(value)?,
                name if name.starts_with(b":")
                    || name == b"content-length"
                    || name.iter().any(u8::is_ascii_uppercase) =>
                {
                    return Err(format!("a field that may not be there: {}", excerpt(name)));
                }
                _ => {}
            }
        }
        let status = status.and_then(|status: usize| u16::try_from(status).ok());
        let status = status.ok_or("no status (§8.3.2)")?;
        let length = length.map(|length| length.ok_or("no length in content-length"));
        Ok((status, length.transpose()?))
    }

    fn read_data(
        &mut self,
        client: &mut Client,
        frame: &Frame<'_>,
        answered: &mut Vec<Ticket>,
    ) -> Result<(), String> {
        client.refill(frame.payload.len());
        let content = frame.content()?;
        let at = client.position(frame.stream).ok_or_else(|| unknown(frame.stream))?;
        let stream = &mut client.streams[at];
        if stream.head.is_none() {
            return Err("content before the head of the response (§8.1)".into());
        }
        match &mut stream.kept {
            Some(kept) => kept.extend_from_slice(content),
            None => self.compare(stream.received, content)?,
        }
        stream.received += content.len();
        if frame.has(END_STREAM) { self.end_stream(client, at, answered) } else { Ok(()) }
    }

    /// Holds a piece of the content against what is right there.
    fn compare(&self, at: usize, content: &[u8]) -> Result<(), String> {
        let expected = self.expectation.body().unwrap_or_default();
        if expected[at..].starts_with(content) {
            return Ok(());
        }
        // What came before is as it should be.
        self.expectation.check_body(&[&expected[..at], content].concat())
    }

    /// The response is complete.
    fn end_stream(
        &mut self,
        client: &mut Client,
        at: usize,
        answered: &mut Vec<Ticket>,
    ) -> Result<(), String> {
        let stream = &client.streams[at];
        let said = stream.head.ok_or("a stream ends before the head of the response")?;
        if let Some(said) = said.filter(|&said| said != stream.received) {
            return Err(format!("{} bytes of content, not {said} as was said", stream.received));
        }
        match &stream.kept {
            Some(kept) => self.expectation.check_body(kept)?,
            None => self.expectation.check_length(stream.received)?,
        }
        // Only now: a request whose answer is wrong is still there to be reported.
        let stream = client.streams.remove(at);
        if stream.unsent > 0 {
            // It did not want the rest of the request (§8.1).
            let cancel = 8_u32.to_be_bytes();
            add_frame(&mut client.output, kind::RST_STREAM, 0, stream.id, &cancel);
        }
        answered.push(stream.ticket);
        if client.is_last_asked && client.streams.is_empty() {
            add_frame(&mut client.output, kind::GOAWAY, 0, 0, &[0; 8]);
        }
        Ok(())
    }

    /// Puts content of requests into frames, as far as the server lets us.
    fn send_content(&self, client: &mut Client) {
        for stream in &mut client.streams {
            while stream.unsent > 0 && client.output.unsent().len() < AHEAD {
                let most = client.window.min(stream.window).clamp(0, MAX_FRAME as i64);
                let length = stream.unsent.min(most as usize);
                if length == 0 {
                    break;
                }
                let at = self.body.len() - stream.unsent;
                let flags = if length == stream.unsent { END_STREAM } else { 0 };
                let piece = &self.body[at..at + length];
                add_frame(&mut client.output, kind::DATA, flags, stream.id, piece);
                stream.unsent -= length;
                stream.window -= length as i64;
                client.window -= length as i64;
            }
        }
    }
}

fn unknown(stream: u32) -> String {
    format!("nobody asked for stream {stream}")
}

impl Client {
    fn position(&self, id: u32) -> Option<usize> {
        self.streams.iter().position(|stream| stream.id == id)
    }

    fn read_settings(&mut self, frame: &Frame<'_>) -> Result<(), String> {
        if frame.has(ACK) {
            return Ok(());
        }
        self.has_settings = true;
        for setting in frame.payload.chunks(6) {
            let &[i0, i1, v0, v1, v2, v3] = setting else {
                return Err("a setting that is cut off (§6.5)".into());
            };
            let value = u32::from_be_bytes([v0, v1, v2, v3]);
            match u16::from_be_bytes([i0, i1]) {
                0x3 => self.max_streams = value as usize,
                0x4 => {
                    let change = i64::from(value) - self.stream_window;
                    self.stream_window = value.into();
                    self.streams.iter_mut().for_each(|stream| stream.window += change); // §6.9.2
                }
                _ => {}
            }
        }
        add_frame(&mut self.output, kind::SETTINGS, ACK, 0, &[]);
        Ok(())
    }

    /// The server lets us send more.
    fn widen(&mut self, frame: &Frame<'_>) -> Result<(), String> {
        let more = i64::from(first_u32(frame.payload)?);
        if frame.stream == 0 {
            self.window += more;
        } else if let Some(at) = self.position(frame.stream) {
            self.streams[at].window += more;
        }
        Ok(())
    }

    fn read_goaway(&mut self, frame: &Frame<'_>) -> Result<(), String> {
        let last = first_u32(frame.payload)? & LARGEST_WINDOW;
        let code = first_u32(frame.payload.get(4..).unwrap_or_default())?;
        if code != 0 {
            let debug = excerpt(frame.payload.get(8..).unwrap_or_default());
            return Err(format!("GOAWAY with error {code}: {debug}"));
        }
        self.going_away = Some(last);
        Ok(())
    }

    /// The server has used some of its window.
    fn refill(&mut self, length: usize) {
        self.received += u32::try_from(length).unwrap_or(u32::MAX);
        if self.received >= REFILL {
            let increment = self.received.to_be_bytes();
            add_frame(&mut self.output, kind::WINDOW_UPDATE, 0, 0, &increment);
            self.received = 0;
        }
    }
}

/// What a connection begins with.
fn opening() -> Vec<u8> {
    let mut output = Output::default();
    output.add(PREFACE.as_ref());
    let mut settings = Vec::new();
    // No dynamic table, no push, the largest window.
    for (id, value) in [(0x1_u16, 0), (0x2, 0), (0x4, LARGEST_WINDOW)] {
        settings.extend(id.to_be_bytes());
        settings.extend(value.to_be_bytes());
    }
    add_frame(&mut output, kind::SETTINGS, 0, 0, &settings);
    let increment = (LARGEST_WINDOW - FIRST_WINDOW).to_be_bytes();
    add_frame(&mut output, kind::WINDOW_UPDATE, 0, 0, &increment);
    output.unsent().to_vec()
}

/// The field section of a request (§8.3.1), by RFC 7541 without the dynamic table.
fn section_of(request: &Request, authority: &str, is_secure: bool) -> Vec<u8> {
    let Request { method, target, fields, body, .. } = request;
    let mut section = match method.as_str() {
        "GET" => hpack::indexed(2),
        "POST" => hpack::indexed(3),
        method => Literal::Unindexed.at(2, method),
    };
    section.extend(hpack::indexed(if is_secure { 7 } else { 6 }));
    section.extend(Literal::Unindexed.at(4, target));
    section.extend(Literal::Unindexed.at(1, authority));
    for (name, value) in fields {
        section.extend(Literal::Unindexed.field(name.to_ascii_lowercase(), value));
    }
    if !body.is_empty() {
        section.extend(Literal::Unindexed.at(28, body.len().to_string()));
    }
    section
}

impl Protocol for Http2 {
    type Client = Client;

    fn open(&self) -> Client {
        let mut output = Output::default();
        output.add(&self.opening);
        let mut decoder = Decoder::new();
        // As was agreed; it is no error to make it smaller.
        let _ = decoder.decode(&hpack::table_size(0));
        Client {
            output,
            input: Vec::new(),
            decoder,
            streams: Vec::with_capacity(self.most_under_way),
            next_stream: 1,
            window: FIRST_WINDOW.into(),
            stream_window: FIRST_WINDOW.into(),
            max_streams: usize::MAX,
            has_settings: false,
            received: 0,
            continued: None,
            is_last_asked: false,
            going_away: None,
        }
    }

    fn connected(&self, _client: &mut Client, _answered: &mut Vec<Ticket>) {}

    fn phase(&self, client: &Client) -> Phase {
        match client {
            _ if client.is_last_asked => Phase::Done,
            Client { going_away: Some(_), .. } => Phase::Closing,
            Client { has_settings: false, .. } => Phase::Opening,
            _ => Phase::Open,
        }
    }

    fn under_way(&self, client: &Client) -> usize {
        client.streams.len()
    }

    fn most_under_way(&self, client: &Client) -> usize {
        self.most_under_way.min(client.max_streams)
    }

    fn ask(&self, client: &mut Client, ticket: Ticket, is_last: bool) {
        let id = client.next_stream;
        client.next_stream += 2;
        client.is_last_asked |= is_last || id >= LAST_STREAM;
        // The first section says that we keep no dynamic table either, whatever the server allows.
        let whole = if id == 1 { &self.first_fields } else { &self.fields };
        let mut pieces = whole.chunks(MAX_FRAME).peekable();
        let mut kind = kind::HEADERS;
        while let Some(piece) = pieces.next() {
            let ends = if self.body.is_empty() && kind == kind::HEADERS { END_STREAM } else { 0 };
            let flags = ends | if pieces.peek().is_none() { END_HEADERS } else { 0 };
            add_frame(&mut client.output, kind, flags, id, piece);
            kind = kind::CONTINUATION;
        }
        client.streams.push(Stream {
            id,
            ticket,
            unsent: self.body.len(),
            window: client.stream_window,
            head: None,
            received: 0,
            kept: self.expectation.body().is_none().then(Vec::new),
        });
        self.send_content(client);
    }

    fn output<'a>(&'a self, client: &'a Client) -> &'a [u8] {
        client.output.unsent()
    }

    fn sent(&self, client: &mut Client, bytes: usize) {
        client.output.sent(bytes);
        if client.output.unsent().is_empty() {
            self.send_content(client);
        }
    }

    fn receive(
        &mut self,
        client: &mut Client,
        input: &[u8],
        answered: &mut Vec<Ticket>,
    ) -> Result<(), Fault> {
        if client.input.is_empty() {
            let length = self.read_frames(client, input, answered)?;
            client.input.extend_from_slice(&input[length..]);
            return Ok(());
        }
        let mut whole = std::mem::take(&mut client.input);
        whole.extend_from_slice(input);
        let length = self.read_frames(client, &whole, answered)?;
        whole.drain(..length);
        client.input = whole;
        Ok(())
    }

    fn closed(
        &mut self,
        client: &mut Client,
        _is_reset: bool,
        _answered: &mut Vec<Ticket>,
    ) -> Result<(), Fault> {
        // Streams after the last that it has seen may be tried again (§6.8).
        let last = client.going_away.unwrap_or(u32::MAX);
        let is_unseen = |stream: &Stream| client.going_away.is_some() && stream.id > last;
        if client.streams.iter().all(is_unseen) { Ok(()) } else { Err(Fault::Closed) }
    }

    fn oldest(&self, client: &Client) -> Option<Ticket> {
        client.streams.first().map(|stream| stream.ticket)
    }

    fn take_unanswered(&self, client: &mut Client, into: &mut Vec<Ticket>) {
        into.extend(client.streams.drain(..).map(|stream| stream.ticket));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &[u8], expected: Option<&[u8]>) -> Request {
        Request {
            method: "POST".into(),
            target: "/x".into(),
            fields: vec![("X-A".into(), "b".into())],
            body: body.to_vec(),
            status: 200,
            expected: expected.map(<[u8]>::to_vec),
        }
    }

    fn http2(request: &Request) -> Http2 {
        Http2::new(request, "host", false, 3, Arc::new(Expectation::of(request)))
    }

    fn ticket(scheduled: u64) -> Ticket {
        Ticket { scheduled, sent: scheduled }
    }

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let mut output = Output::default();
        add_frame(&mut output, kind, flags, stream, payload);
        output.unsent().to_vec()
    }

    fn settings(pairs: &[(u16, u32)]) -> Vec<u8> {
        let pairs = pairs
            .iter()
            .flat_map(|(id, value)| id.to_be_bytes().into_iter().chain(value.to_be_bytes()));
        frame(kind::SETTINGS, 0, 0, &pairs.collect::<Vec<_>>())
    }

    /// The head of a response with status 200, and this length.
    fn head(length: &str) -> Vec<u8> {
        [hpack::indexed(8), Literal::Unindexed.at(28, length)].concat()
    }

    /// A response with the content `hello`.
    fn hello(stream: u32) -> Vec<u8> {
        let head = frame(kind::HEADERS, END_HEADERS, stream, &head("5"));
        [head, frame(kind::DATA, END_STREAM, stream, b"hello")].concat()
    }

    /// What comes of these frames, in pieces of some length, when three requests are under way.
    fn receive(input: &[u8], piece: usize) -> Result<(Vec<u64>, Client), Fault> {
        let mut http2 = http2(&request(b"", Some(b"hello")));
        let (mut client, mut answered) = (http2.open(), Vec::new());
        (0..3).for_each(|number| http2.ask(&mut client, ticket(number), false));
        for part in input.chunks(piece) {
            http2.receive(&mut client, part, &mut answered)?;
        }
        Ok((answered.iter().map(|ticket| ticket.scheduled).collect(), client))
    }

    /// All frames that are to be sent: kind, flags, stream and length.
    fn take_frames(http2: &Http2, client: &mut Client) -> Vec<(u8, u8, u32, usize)> {
        let mut frames = Vec::new();
        while let Some(frame) = Frame::split(http2.output(client)).unwrap() {
            frames.push((frame.kind, frame.flags, frame.stream, frame.payload.len()));
            let length = frame.length();
            http2.sent(client, length);
        }
        frames
    }

    #[test]
    fn responses_are_answers_in_any_order_and_in_any_pieces() {
        let padded = [&[3][..], b"lo", &[0; 3]].concat();
        let (first, second) = (head("5"), [hpack::table_size(0), head("5")].concat());
        let input = [
            settings(&[]),
            hello(3),
            frame(kind::HEADERS, 0, 5, &second[..2]),
            frame(kind::CONTINUATION, END_HEADERS, 5, &second[2..]),
            frame(kind::HEADERS, END_HEADERS, 1, &hpack::indexed(8)), // no length is said
            frame(kind::DATA, 0, 5, b"hel"),
            frame(kind::DATA, 0, 1, b""),
            frame(kind::DATA, PADDED, 5, &padded),
            frame(
                kind::HEADERS,
                END_HEADERS | END_STREAM,
                5,
                &Literal::Unindexed.field("sum", "1"),
            ),
            frame(kind::DATA, END_STREAM, 1, b"hello"),
        ];
        assert_eq!(first.len() + 1, second.len());
        let input = input.concat();
        for piece in 1..=input.len() {
            let (answered, client) = receive(&input, piece).unwrap();
            assert_eq!(answered, [1, 2, 0], "in pieces of {piece}");
            assert!(client.streams.is_empty() && client.input.is_empty());
        }
    }

    #[test]
    fn an_interim_response_is_not_the_one_that_was_asked_for() {
        let early = Literal::Unindexed.at(8, "103");
        let input =
            [settings(&[]), frame(kind::HEADERS, END_HEADERS, 1, &early), hello(1)].concat();
        assert_eq!(receive(&input, 1000).unwrap().0, [0]);
    }

    #[test]
    fn what_is_wrong_is_described() {
        let data = |content: &[u8]| {
            let head = frame(kind::HEADERS, END_HEADERS, 1, &hpack::indexed(8));
            [head, frame(kind::DATA, END_STREAM, 1, content)].concat()
        };
        let headers = |block: &[u8]| frame(kind::HEADERS, END_HEADERS | END_STREAM, 1, block);
        for (frames, said) in [
            (data(b"hallo"), "differs from its byte 1 on"),
            (data(b"hell"), "4 bytes, not 5"),
            (data(b"hello!"), "6 bytes, not 5"),
            (headers(&hpack::indexed(14)), "the status is 500"),
            (headers(&hpack::indexed(8)), "0 bytes, not 5"),
            (headers(&head("x")), "no length"),
            (headers(&Literal::Unindexed.field("x", "y")), "no status"),
            (headers(&[hpack::indexed(8), Literal::Unindexed.field("X", "y")].concat()), "may not"),
            (headers(&[0x3f, 0xe1, 0x1f]), "dynamic table"),
            (headers(&hpack::indexed(62)), "no entry"),
            (frame(kind::DATA, 0, 1, b"h"), "before the head"),
            (hello(7), "nobody asked for stream 7"),
            ([hello(1), hello(1)].concat(), "nobody asked for stream 1"),
            (frame(kind::RST_STREAM, 0, 1, &[0, 0, 0, 7]), "reset with error 7"),
            (frame(kind::GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 2, b'o']), "error 2: \"o\""),
            (frame(kind::PUSH_PROMISE, 0, 1, &[]), "push"),
            (frame(kind::HEADERS, 0, 1, &[]).repeat(2), "not continued"),
            (vec![1, 0, 0, 0, 0, 0, 0, 0, 0], "65536 bytes"),
        ] {
            let input = [settings(&[]), frames].concat();
            let Err(Fault::Wrong(what)) = receive(&input, 1000) else { panic!("{said}: not seen") };
            assert!(what.contains(said), "{what}, not {said}");
        }
        let Err(Fault::Wrong(what)) = receive(&hello(1), 1000) else { panic!("no SETTINGS") };
        assert!(what.contains("not SETTINGS"), "{what}");
    }

    /// A request whose answer is wrong is still under way, so that it can be reported.
    #[test]
    fn a_wrong_answer_leaves_its_request() {
        let mut http2 = http2(&request(b"", Some(b"other")));
        let mut client = http2.open();
        http2.ask(&mut client, ticket(7), false);
        let input = [settings(&[]), hello(1)].concat();
        assert!(http2.receive(&mut client, &input, &mut Vec::new()).is_err());
        assert_eq!(http2.oldest(&client), Some(ticket(7)));
    }

    #[test]
    fn a_response_is_decoded_once_if_it_is_always_the_same() {
        let mut http2 = http2(&request(b"", Some(b"hello")));
        let mut client = http2.open();
        http2.receive(&mut client, &settings(&[]), &mut Vec::new()).unwrap();
        for number in 0..3 {
            http2.ask(&mut client, ticket(number), false);
            let stream = 2 * number as u32 + 1;
            http2.receive(&mut client, &hello(stream), &mut Vec::new()).unwrap();
            assert_eq!(http2.last, head("5"));
        }
    }

    #[test]
    fn settings_and_pings_are_acknowledged_and_settings_are_kept_to() {
        let ping = frame(kind::PING, 0, 0, b"12345678");
        let input = [settings(&[(0x3, 2), (0x7777, 1)]), ping].concat();
        let mut http2 = http2(&request(b"", Some(b"hello")));
        let mut client = http2.open();
        assert_eq!(http2.phase(&client), Phase::Opening);
        let preface = http2.output(&client).len();
        assert!(http2.output(&client).starts_with(PREFACE.as_bytes()));
        http2.sent(&mut client, preface);
        http2.receive(&mut client, &input, &mut Vec::new()).unwrap();
        let expected = [(kind::SETTINGS, ACK, 0, 0), (kind::PING, ACK, 0, 8)];
        assert_eq!(take_frames(&http2, &mut client), expected);
        assert_eq!((http2.phase(&client), http2.most_under_way(&client)), (Phase::Open, 2));
    }

    #[test]
    fn content_is_sent_as_far_as_the_windows_allow() {
        let body = vec![7; 100_000];
        let mut http2 = http2(&request(&body, None));
        let mut client = http2.open();
        http2.ask(&mut client, ticket(0), false);
        let opening = http2.opening.len();
        http2.sent(&mut client, opening);
        let sent = |frames: &[(u8, u8, u32, usize)]| -> usize {
            frames.iter().filter(|it| it.0 == kind::DATA).map(|it| it.3).sum()
        };
        let first = take_frames(&http2, &mut client);
        assert_eq!((first[0].0, first[0].1), (kind::HEADERS, END_HEADERS));
        assert_eq!(sent(&first), 65_535);
        // More for the stream alone is nothing: the connection's window is used up as well.
        let more = |stream, increment: u32| {
            frame(kind::WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
        };
        let wider = [settings(&[(0x4, 100_000)]), more(1, 1_000)].concat();
        http2.receive(&mut client, &wider, &mut Vec::new()).unwrap();
        assert_eq!(sent(&take_frames(&http2, &mut client)), 0);
        http2.receive(&mut client, &more(0, 100_000), &mut Vec::new()).unwrap();
        let rest = take_frames(&http2, &mut client);
        assert_eq!(sent(&rest), 100_000 - 65_535);
        assert_eq!(rest.last().map(|it| it.1), Some(END_STREAM));
    }

    #[test]
    fn requests_that_a_server_has_not_seen_before_it_goes_may_be_sent_again() {
        let goaway = frame(kind::GOAWAY, 0, 0, &[0, 0, 0, 3, 0, 0, 0, 0]);
        for (answered_too, is_right) in [(hello(3), true), (Vec::new(), false)] {
            let input = [settings(&[]), goaway.clone(), hello(1), answered_too].concat();
            let (_, mut client) = receive(&input, 1000).unwrap();
            let mut http2 = http2(&request(b"", Some(b"hello")));
            assert_eq!(http2.phase(&client), Phase::Closing);
            assert_eq!(http2.closed(&mut client, false, &mut Vec::new()).is_ok(), is_right);
        }
    }

    #[test]
    fn the_window_of_the_server_is_refilled() {
        let mut client = http2(&request(b"", None)).open();
        for _ in 0..REFILL / 16_384 {
            assert!(!client.output.unsent().ends_with(&REFILL.to_be_bytes()));
            client.refill(16_384);
        }
        let update = frame(kind::WINDOW_UPDATE, 0, 0, &REFILL.to_be_bytes());
        assert!(client.output.unsent().ends_with(&update));
    }
}
