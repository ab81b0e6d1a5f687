//! WebSocket (RFC 6455), as a client of an echo.

use std::collections::VecDeque;

use crate::load::expectation::excerpt;
use crate::load::output::Output;
use crate::load::protocol::{Fault, Phase, Protocol};
use crate::load::traffic::Ticket;

/// The key of the RFC's example (§1.3) and what the server makes of it. It is to keep caches from
/// answering, of which there are none here; for the same reason all frames have the same mask.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// The opcodes of §5.2 that matter here.
const CONTINUATION: u8 = 0x0;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// What the connections of a thread share.
#[derive(Debug)]
pub(super) struct WebSocket {
    upgrade: Vec<u8>,
    message: Vec<u8>,
    /// The message as it is sent.
    frame: Vec<u8>,
    most_under_way: usize,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Client {
    /// How much of the request for the upgrade was sent.
    sent_of_upgrade: usize,
    /// What is sent after it.
    output: Output,
    /// The requests that are under way: messages come back in their order.
    tickets: VecDeque<Ticket>,
    /// What has come of the server's answer to the upgrade, until it is complete.
    head: Option<Vec<u8>>,
    /// What has come of the head of a frame.
    frame_head: Vec<u8>,
    frame: Option<Frame>,
    /// How much of the message has come back.
    at: usize,
    /// What has come of the payload of a control frame.
    control: Vec<u8>,
    /// Whether a message has begun that goes on in another frame.
    is_fragmented: bool,
    is_last_asked: bool,
    /// Whether the server has said Close.
    is_closed: bool,
}

/// A frame whose head has come.
#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: u8,
    is_final: bool,
    /// How much of its payload is still to come.
    left: u64,
}

impl WebSocket {
    pub(super) fn new(
        target: &str,
        authority: &str,
        message: &[u8],
        most_under_way: usize,
    ) -> Self {
        let upgrade = format!(
            "GET {target} HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        );
        WebSocket {
            upgrade: upgrade.into(),
            message: message.to_vec(),
            frame: frame(BINARY, message),
            most_under_way,
        }
    }

    /// Reads one step of the protocol from the beginning of the input; returns how long it is.
    fn step(
        &self,
        client: &mut Client,
        input: &[u8],
        answered: &mut Vec<Ticket>,
    ) -> Result<usize, Fault> {
        if client.head.is_some() {
            return read_upgrade(client, input);
        }
        if client.is_closed {
            return Err(Fault::Wrong(format!("after Close: {}", excerpt(input))));
        }
        let Some(mut frame) = client.frame else { return self.read_head(client, input, answered) };
        let left = usize::try_from(frame.left).unwrap_or(usize::MAX);
        let payload = &input[..left.min(input.len())];
        frame.left -= payload.len() as u64;
        client.frame = Some(frame);
        if frame.opcode >= CLOSE {
            client.control.extend_from_slice(payload);
        } else {
            self.compare(client, payload)?;
        }
        self.end_frame(client, answered)?;
        Ok(payload.len())
    }

    /// Adds to the head of a frame. Returns how much of the input was part of it.
    fn read_head(
        &self,
        client: &mut Client,
        input: &[u8],
        answered: &mut Vec<Ticket>,
    ) -> Result<usize, Fault> {
        let before = client.frame_head.len();
        let missing = head_length(&client.frame_head) - before;
        let part = &input[..missing.min(input.len())];
        client.frame_head.extend_from_slice(part);
        if client.frame_head.len() == head_length(&client.frame_head) {
            let frame = Frame::read(&client.frame_head)?;
            frame.check(client)?;
            client.frame = Some(frame);
            client.frame_head.clear();
            self.end_frame(client, answered)?;
        }
        Ok(part.len())
    }

    /// Holds a piece of the message against what was sent.
    fn compare(&self, client: &mut Client, payload: &[u8]) -> Result<(), String> {
        let rest = &self.message[client.at..];
        if client.tickets.is_empty() {
            return Err(format!("nobody asked for a message: {}", excerpt(payload)));
        }
        if !rest.starts_with(payload) {
            let at = client.at;
            return Err(format!("the message came back otherwise from byte {at} on"));
        }
        client.at += payload.len();
        Ok(())
    }

    /// Does what follows from a frame, if it is complete.
    fn end_frame(&self, client: &mut Client, answered: &mut Vec<Ticket>) -> Result<(), String> {
        let Some(frame) = client.frame.take_if(|frame| frame.left == 0) else { return Ok(()) };
        match frame.opcode {
            PING => client.output.add(&self::frame(PONG, &std::mem::take(&mut client.control))),
            CLOSE => return client.say_closed(),
            PONG => client.control.clear(),
            _ => {
                client.is_fragmented = !frame.is_final;
                if frame.is_final {
                    return self.end_message(client, answered);
                }
            }
        }
        Ok(())
    }

    fn end_message(&self, client: &mut Client, answered: &mut Vec<Ticket>) -> Result<(), String> {
        if client.tickets.is_empty() {
            return Err("nobody asked for an empty message".into());
        }
        if client.at < self.message.len() {
            let (at, length) = (client.at, self.message.len());
            return Err(format!("a message of {at} bytes came back, not of {length}"));
        }
        client.at = 0;
        answered.extend(client.tickets.pop_front());
        if client.is_last_asked && client.tickets.is_empty() {
            client.output.add(&frame(CLOSE, &1000_u16.to_be_bytes()));
        }
        Ok(())
    }
}

impl Client {
    fn say_closed(&mut self) -> Result<(), String> {
        let payload = std::mem::take(&mut self.control);
        if !self.tickets.is_empty() {
            return Err(format!("closed in the middle: {}", excerpt(&payload)));
        }
        if !self.is_last_asked {
            self.output.add(&frame(CLOSE, &payload)); // §5.5.1
        }
        self.is_closed = true;
        Ok(())
    }
}

/// Adds to the answer to the upgrade. Returns how much of the input was part of it.
fn read_upgrade(client: &mut Client, input: &[u8]) -> Result<usize, Fault> {
    let Some(head) = &mut client.head else { return Ok(0) };
    let before = head.len();
    head.extend_from_slice(input);
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut fields);
    let status = response.parse(head).map_err(|error| format!("no upgrade: {error}"))?;
    let httparse::Status::Complete(length) = status else { return Ok(input.len()) };
    if response.code != Some(101) {
        return Err(Fault::Wrong(format!("no upgrade, but {}", excerpt(head))));
    }
    let is_accepted = response.headers.iter().any(|field| {
        field.name.eq_ignore_ascii_case("sec-websocket-accept") && field.value == ACCEPT.as_bytes()
    });
    if !is_accepted {
        return Err(Fault::Wrong(format!("no Sec-WebSocket-Accept: {ACCEPT}")));
    }
    client.head = None;
    Ok(length - before)
}

/// How long the head of a frame is that begins like this (§5.2), as far as can be said already.
fn head_length(beginning: &[u8]) -> usize {
    let masked = beginning.get(1).map_or(0, |second| usize::from(second & MASKED) >> 5);
    2 + masked
        + match beginning.get(1).map(|second| second & !MASKED) {
            Some(126) => 2,
            Some(127) => 8,
            _ => 0,
        }
}

impl Frame {
    fn read(head: &[u8]) -> Result<Frame, String> {
        if head[0] & 0x70 != 0 {
            return Err("a frame of an extension that was not agreed".into());
        }
        if head[1] & MASKED != 0 {
            return Err("a frame of the server is masked".into()); // §5.1
        }
        let extended = head[2..].iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
        let left = if head[1] < 126 { head[1].into() } else { extended };
        Ok(Frame { opcode: head[0] & 0xf, is_final: head[0] & FINAL != 0, left })
    }

    /// Whether it may come now.
    fn check(&self, client: &Client) -> Result<(), String> {
        match self.opcode {
            BINARY if !client.is_fragmented => Ok(()),
            CONTINUATION if client.is_fragmented => Ok(()),
            CLOSE | PING | PONG if self.is_final && self.left <= 125 => Ok(()), // §5.5
            opcode => Err(format!("a frame with opcode {opcode}, which may not come here")),
        }
    }
}

/// A frame of a client.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![FINAL | opcode];
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => frame.push(MASKED | short),
        (_, Ok(medium)) => {
            frame.push(MASKED | 126);
            frame.extend(medium.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

impl Protocol for WebSocket {
    type Client = Client;

    fn open(&self) -> Client {
        Client {
            sent_of_upgrade: 0,
            output: Output::default(),
            tickets: VecDeque::with_capacity(self.most_under_way),
            head: Some(Vec::new()),
            frame_head: Vec::new(),
            frame: None,
            at: 0,
            control: Vec::new(),
            is_fragmented: false,
            is_last_asked: false,
            is_closed: false,
        }
    }

    fn connected(&self, _client: &mut Client, _answered: &mut Vec<Ticket>) {}

    fn phase(&self, client: &Client) -> Phase {
        match client {
            _ if client.is_last_asked || client.is_closed => Phase::Closing,
            Client { head: Some(_), .. } => Phase::Opening,
            _ => Phase::Open,
        }
    }

    fn under_way(&self, client: &Client) -> usize {
        client.tickets.len()
    }

    fn most_under_way(&self, _client: &Client) -> usize {
        self.most_under_way
    }

    fn ask(&self, client: &mut Client, ticket: Ticket, is_last: bool) {
        client.tickets.push_back(ticket);
        client.output.add(&self.frame);
        client.is_last_asked |= is_last;
    }

    fn output<'a>(&'a self, client: &'a Client) -> &'a [u8] {
        if client.head.is_none() {
            return client.output.unsent();
        }
        // Nothing may follow the upgrade before it is answered (§4.1).
        &self.upgrade[client.sent_of_upgrade..]
    }

    fn sent(&self, client: &mut Client, bytes: usize) {
        if client.head.is_none() {
            client.output.sent(bytes);
        } else {
            client.sent_of_upgrade += bytes;
        }
    }

    fn receive(
        &mut self,
        client: &mut Client,
        mut input: &[u8],
        answered: &mut Vec<Ticket>,
    ) -> Result<(), Fault> {
        while !input.is_empty() {
            let length = self.step(client, input, answered)?;
            input = &input[length..];
        }
        Ok(())
    }

    fn closed(
        &mut self,
        client: &mut Client,
        _is_reset: bool,
        _answered: &mut Vec<Ticket>,
    ) -> Result<(), Fault> {
        let is_idle = client.tickets.is_empty() && client.head.is_none();
        if is_idle { Ok(()) } else { Err(Fault::Closed) }
    }

    fn oldest(&self, client: &Client) -> Option<Ticket> {
        client.tickets.front().copied()
    }

    fn take_unanswered(&self, client: &mut Client, into: &mut Vec<Ticket>) {
        into.extend(client.tickets.drain(..));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPGRADED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    fn ticket(scheduled: u64) -> Ticket {
        Ticket { scheduled, sent: scheduled }
    }

    /// A frame of the server.
    fn from_server(first: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        [&[first, length][..], payload].concat()
    }

    /// What comes of these bytes, in pieces of some length, when two messages are under way.
    fn receive(message: &[u8], input: &[u8], piece: usize) -> Result<(Vec<Ticket>, Client), Fault> {
        let mut socket = WebSocket::new("/echo", "host", message, 2);
        let (mut client, mut answered) = (socket.open(), Vec::new());
        (0..2).for_each(|number| socket.ask(&mut client, ticket(number), false));
        for part in [UPGRADED.as_bytes(), input].concat().chunks(piece) {
            socket.receive(&mut client, part, &mut answered)?;
        }
        Ok((answered, client))
    }

    #[test]
    fn frames_are_written_as_the_rfc_says() {
        // §5.7, with its mask.
        assert_eq!(frame(0x1, b"Hello"), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
        assert_eq!(frame(BINARY, &[0; 256])[..4], [0x82, 0xfe, 1, 0]);
        assert_eq!(frame(BINARY, &[0; 65_536])[..10], [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn nothing_follows_the_upgrade_before_its_answer() {
        let mut socket = WebSocket::new("/echo", "host", b"hello", 1);
        let mut client = socket.open();
        socket.ask(&mut client, ticket(0), false);
        assert_eq!(socket.phase(&client), Phase::Opening);
        let upgrade = socket.output(&client).len();
        assert!(socket.output(&client).ends_with(b"\r\n\r\n"));
        socket.sent(&mut client, upgrade);
        assert!(socket.output(&client).is_empty());
        socket.receive(&mut client, UPGRADED.as_bytes(), &mut Vec::new()).unwrap();
        assert_eq!(socket.phase(&client), Phase::Open);
        assert_eq!(socket.output(&client), frame(BINARY, b"hello"));
    }

    #[test]
    fn messages_are_answers_in_any_pieces_whole_and_fragmented() {
        let input = [
            from_server(0x82, b"hello"),
            from_server(0x02, b"he"),
            from_server(0x89, b"ping"),
            from_server(0x00, b""),
            from_server(0x80, b"llo"),
        ];
        let input = input.concat();
        for piece in 1..=UPGRADED.len() + input.len() {
            let (answered, client) = receive(b"hello", &input, piece).unwrap();
            assert_eq!(answered, [ticket(0), ticket(1)], "in pieces of {piece}");
            assert!(client.output.unsent().ends_with(&frame(PONG, b"ping")));
        }
    }

    #[test]
    fn an_empty_message_is_a_message() {
        let input = [from_server(0x82, b""), from_server(0x82, b"")].concat();
        assert_eq!(receive(b"", &input, 1).unwrap().0.len(), 2);
    }

    #[test]
    fn long_messages_come_back_too() {
        for length in [125, 126, 65_535, 65_536] {
            let message = vec![7; length];
            let mut back = frame(BINARY, &message);
            back[1] &= !MASKED;
            let head = back.len() - length - MASK.len();
            back.splice(head.., message.iter().copied());
            assert_eq!(receive(&message, &back, 1000).unwrap().0, [ticket(0)], "{length} bytes");
        }
    }

    #[test]
    fn what_is_wrong_is_described() {
        for (input, said) in [
            (from_server(0x82, b"hellO"), "otherwise from byte 0 on"),
            (from_server(0x82, b"hell"), "4 bytes"),
            (from_server(0x82, b"hello!"), "otherwise"),
            (from_server(0x81, b"hello"), "opcode 1"),
            (from_server(0x80, b"hello"), "opcode 0"),
            (from_server(0xc2, b"hello"), "extension"),
            (from_server(0x88, &1001_u16.to_be_bytes()), "closed in the middle"),
            (frame(BINARY, b"hello"), "masked"),
            ([from_server(0x82, b"hello")].concat().repeat(3), "nobody asked"),
        ] {
            let Err(Fault::Wrong(what)) = receive(b"hello", &input, 1000) else {
                panic!("{said}: not seen")
            };
            assert!(what.contains(said), "{what}");
        }
    }

    #[test]
    fn a_refused_upgrade_is_wrong() {
        for (answer, said) in [
            ("HTTP/1.1 404 Not Found\r\n\r\n", "no upgrade, but"),
            ("HTTP/1.1 101 Fine\r\nSec-WebSocket-Accept: x\r\n\r\n", "no Sec-WebSocket-Accept"),
        ] {
            let mut socket = WebSocket::new("/echo", "host", b"hello", 1);
            let mut client = socket.open();
            let wrong = socket.receive(&mut client, answer.as_bytes(), &mut Vec::new());
            assert!(matches!(wrong, Err(Fault::Wrong(what)) if what.starts_with(said)));
        }
    }

    #[test]
    fn after_the_last_message_close_is_said_and_heard() {
        let mut socket = WebSocket::new("/echo", "host", b"hello", 1);
        let (mut client, mut answered) = (socket.open(), Vec::new());
        socket.ask(&mut client, ticket(0), true);
        socket.receive(&mut client, UPGRADED.as_bytes(), &mut answered).unwrap();
        socket.receive(&mut client, &from_server(0x82, b"hello"), &mut answered).unwrap();
        let close = frame(CLOSE, &1000_u16.to_be_bytes());
        assert!(socket.output(&client).ends_with(&close));
        let said = from_server(0x88, &1000_u16.to_be_bytes());
        socket.receive(&mut client, &said, &mut answered).unwrap();
        assert_eq!(socket.phase(&client), Phase::Closing);
        assert_eq!(socket.closed(&mut client, false, &mut answered), Ok(()));
        assert_eq!(answered.len(), 1);
    }
}
