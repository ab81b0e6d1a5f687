//! What comes in: frames taken apart and put together to messages (RFC 6455 §5).
//!
//! `tungstenite` reads the headers. What it leaves open, or would only see once a frame is whole,
//! is checked here, as soon as it can be known: reserved bits, masks, lengths, fragments, UTF-8.

use std::io::Cursor;

use protocol::bytes::Bytes;
use tungstenite::Utf8Bytes;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::limits::Limits;
use crate::message::Message;

/// Most payload of a control frame, in bytes (§5.5).
pub(crate) const CONTROL: usize = 125;

/// Why a connection fails (§7.1.7), as the Close frame says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
}

impl Failure {
    /// §7.4.1: 1007.
    const NOT_UTF8: Failure = Failure { code: 1007, reason: "not UTF-8" };
    /// §7.4.1: 1009.
    const TOO_BIG: Failure = Failure { code: 1009, reason: "too big" };

    /// §7.4.1: 1002.
    const fn protocol(reason: &'static str) -> Self {
        Failure { code: 1002, reason }
    }
}

/// What has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    Message(Message),
    Ping(&'a [u8]),
    Pong,
    /// With what it says, if anything (§7.1.5, §7.1.6).
    Close(Option<(u16, Utf8Bytes)>),
}

/// The receiving half. Between two messages it holds no memory but itself.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    /// The data frame whose payload is awaited.
    frame: Option<Frame>,
    /// The message whose frames are awaited.
    message: Option<Partial>,
}

#[derive(Debug)]
struct Frame {
    is_final: bool,
    /// How much of the payload has yet to come, in bytes.
    remaining: usize,
    mask: Mask,
}

impl Incoming {
    /// Takes the next piece of `input`, which is unmasked in place. Returns how many bytes it has
    /// consumed, 0 if more are needed, and what has been completed by them.
    pub(crate) fn take<'a>(
        &mut self,
        input: &'a mut [u8],
        limits: &Limits,
    ) -> Result<(usize, Option<Event<'a>>), Failure> {
        if self.frame.is_some() {
            return self.take_payload(input);
        }
        let mut cursor = Cursor::new(&*input);
        let parsed = FrameHeader::parse(&mut cursor);
        let parsed = parsed.map_err(|_| Failure::protocol("reserved opcode"))?; // §5.2
        let Some((header, length)) = parsed else { return Ok((0, None)) };
        let start = usize::try_from(cursor.position()).unwrap_or(FIRST_PAYLOAD);
        let mut mask = check(&header, length, start)?;
        let (head, rest) = input.split_at_mut(start);
        match header.opcode {
            OpCode::Control(opcode) => {
                let length = control_length(&header, length)?;
                let Some(payload) = rest.get_mut(..length) else { return Ok((0, None)) };
                mask.apply(payload);
                Ok((head.len() + length, Some(control(opcode, payload)?)))
            }
            OpCode::Data(opcode) => {
                self.begin(opcode, &header, length, mask, limits)?;
                let (taken, event) = self.take_payload(rest)?;
                Ok((head.len() + taken, event))
            }
        }
    }

    /// Whether the last piece has completed a frame.
    pub(crate) fn is_between_frames(&self) -> bool {
        self.frame.is_none()
    }

    /// Begins a data frame (§5.4, §5.6).
    fn begin(
        &mut self,
        opcode: Data,
        header: &FrameHeader,
        length: u64,
        mask: Mask,
        limits: &Limits,
    ) -> Result<(), Failure> {
        let message = match (opcode, &mut self.message) {
            (Data::Continue, Some(message)) => message,
            (Data::Continue, None) => return Err(Failure::protocol("nothing to continue")),
            (Data::Text | Data::Binary, Some(_)) => {
                return Err(Failure::protocol("a message within a message"));
            }
            (Data::Text, none) => none.insert(Partial::Text(Text::default())),
            (Data::Binary, none) => none.insert(Partial::Binary(Vec::new())),
            (Data::Reserved(_), _) => return Err(Failure::protocol("reserved opcode")),
        };
        let room = limits.max_message.saturating_sub(message.len()).min(limits.max_frame);
        let remaining = usize::try_from(length).ok().filter(|length| *length <= room);
        let remaining = remaining.ok_or(Failure::TOO_BIG)?;
        self.frame = Some(Frame { is_final: header.is_final, remaining, mask });
        Ok(())
    }

    /// Takes what there is of the payload of a data frame.
    fn take_payload<'a>(
        &mut self,
        input: &mut [u8],
    ) -> Result<(usize, Option<Event<'a>>), Failure> {
        let (Some(frame), Some(message)) = (&mut self.frame, &mut self.message) else {
            return Ok((0, None));
        };
        let taken = input.len().min(frame.remaining);
        let piece = &mut input[..taken];
        frame.mask.apply(piece);
        message.push(piece)?;
        frame.remaining -= taken;
        if frame.remaining > 0 {
            return Ok((taken, None));
        }
        let is_final = frame.is_final;
        self.frame = None;
        let message = if is_final { self.message.take() } else { None };
        Ok((taken, message.map(Partial::complete).transpose()?.map(Event::Message)))
    }
}

/// Where the payload of the longest header begins, in bytes (§5.2).
const FIRST_PAYLOAD: usize = 14;

// ANCHOR: check
/// Checks what goes for every frame (§5.1, §5.2).
fn check(header: &FrameHeader, length: u64, header_length: usize) -> Result<Mask, Failure> {
    if header.rsv1 || header.rsv2 || header.rsv3 {
        return Err(Failure::protocol("reserved bits")); // no extension has been agreed on
    }
    let Some(mask) = header.mask else {
        return Err(Failure::protocol("not masked")); // §5.1
    };
    if header.len(length) != header_length {
        return Err(Failure::protocol("length in more bytes than it needs"));
    }
    if length > i64::MAX as u64 {
        return Err(Failure::protocol("length with its highest bit set"));
    }
    Ok(Mask(mask))
}
// ANCHOR_END: check

/// Checks what goes for control frames (§5.5).
fn control_length(header: &FrameHeader, length: u64) -> Result<usize, Failure> {
    if !header.is_final {
        return Err(Failure::protocol("a control frame in fragments"));
    }
    let length = usize::try_from(length).ok().filter(|length| *length <= CONTROL);
    length.ok_or(Failure::protocol("a control frame that is too long"))
}

fn control(opcode: Control, payload: &[u8]) -> Result<Event<'_>, Failure> {
    match opcode {
        Control::Ping => Ok(Event::Ping(payload)),
        Control::Pong => Ok(Event::Pong),
        Control::Close => close(payload).map(Event::Close),
        Control::Reserved(_) => Err(Failure::protocol("reserved opcode")),
    }
}

/// What a Close frame says (§5.5.1).
fn close(payload: &[u8]) -> Result<Option<(u16, Utf8Bytes)>, Failure> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        let is_empty = payload.is_empty();
        return if is_empty { Ok(None) } else { Err(Failure::protocol("half a close code")) };
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Err(Failure::protocol("a close code that may not be sent"));
    }
    let reason = str::from_utf8(reason).map_err(|_| Failure::NOT_UTF8)?;
    Ok(Some((code, reason.into())))
}

/// Whether a Close frame may say this code: those of §7.4.1 and of the registry (§11.7), except for
/// those that stand for the lack of one, and the ranges of §7.4.2 for libraries and applications.
pub(crate) fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The key that the payload is masked with, its next byte first (§5.3).
#[derive(Clone, Copy, Debug)]
struct Mask([u8; 4]);

impl Mask {
    fn apply(&mut self, bytes: &mut [u8]) {
        let four = u64::from(u32::from_ne_bytes(self.0));
        let eight = four << 32 | four;
        let mut chunks = bytes.chunks_exact_mut(8);
        for chunk in &mut chunks {
            if let Ok(chunk) = <&mut [u8; 8]>::try_from(chunk) {
                *chunk = (u64::from_ne_bytes(*chunk) ^ eight).to_ne_bytes();
            }
        }
        let rest = chunks.into_remainder();
        rest.iter_mut().zip(self.0.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        self.0.rotate_left(rest.len() % 4);
    }
}

/// A message that has not come whole. It grows with what has come, not with what is announced.
#[derive(Debug)]
enum Partial {
    Text(Text),
    Binary(Vec<u8>),
}

impl Partial {
    fn len(&self) -> usize {
        match self {
            Partial::Text(text) => text.whole.len() + text.cut_length,
            Partial::Binary(bytes) => bytes.len(),
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Partial::Text(text) => text.push(bytes)?,
            Partial::Binary(all) => all.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn complete(self) -> Result<Message, Failure> {
        match self {
            Partial::Text(text) if text.cut_length > 0 => Err(Failure::NOT_UTF8),
            Partial::Text(text) => Ok(Message::Text(text.whole.into())),
            Partial::Binary(bytes) => Ok(Message::Binary(Bytes::from(bytes))),
        }
    }
}

/// Text as it comes. What can be no UTF-8 any more is found with its first wrong byte (§8.1).
#[derive(Debug, Default)]
struct Text {
    whole: String,
    /// The beginning of a character that was cut between two pieces.
    cut: [u8; 4],
    cut_length: usize,
}

impl Text {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let bytes = self.join(bytes)?;
        let Err(error) = str::from_utf8(bytes).map(|text| self.whole.push_str(text)) else {
            return Ok(());
        };
        let (valid, cut) = bytes.split_at(error.valid_up_to());
        if error.error_len().is_some() {
            return Err(Failure::NOT_UTF8);
        }
        self.whole.push_str(str::from_utf8(valid).map_err(|_| Failure::NOT_UTF8)?);
        self.cut[..cut.len()].copy_from_slice(cut);
        self.cut_length = cut.len();
        Ok(())
    }

    /// Completes the character that was cut. Returns what comes after it.
    fn join<'a>(&mut self, mut bytes: &'a [u8]) -> Result<&'a [u8], Failure> {
        while self.cut_length > 0
            && let Some((first, rest)) = bytes.split_first()
        {
            bytes = rest;
            self.cut[self.cut_length] = *first;
            self.cut_length += 1;
            match str::from_utf8(&self.cut[..self.cut_length]) {
                Ok(character) => {
                    self.whole.push_str(character);
                    self.cut_length = 0;
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(Failure::NOT_UTF8),
            }
        }
        Ok(bytes)
    }
}
