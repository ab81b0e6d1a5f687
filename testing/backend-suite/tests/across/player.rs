//! Plays a script over a wire, and writes down what comes back.

use std::io::{self, ErrorKind};

use conformance::response;
use tungstenite::protocol::frame::Frame as Written;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::folder::Folder;
use crate::request::{Request, content};
use crate::script::{Burst, Connection, Cuts, Ending, Frame, Parting, Script, pieces, place};
use crate::tape::Tape;
use crate::wire::{Wire, is_late};

/// Plays a whole script.
pub(crate) fn play<W: Wire>(
    script: &Script,
    folder: &Folder,
    connect: impl Fn() -> io::Result<W>,
) -> Tape {
    let mut tape = Tape::default();
    for connection in &script.0 {
        let wire = connect().expect("the server listens");
        let mut session =
            Session { wire, folder, seen: Vec::new(), read: 0, cut_short: None, end: None };
        session.play(connection);
        let (whole, last) = session.seen.split_at(session.cut_short.unwrap_or(session.seen.len()));
        tape.add(whole, folder, false);
        tape.add(last, folder, true);
        match session.end {
            None => tape.note("left"),
            Some(End::Closed) => tape.note("closed"),
            Some(End::Cut(kind)) => tape.note(&format!("cut: {kind:?}")),
            Some(End::Wrong(what)) => tape.wrong(&what),
        }
    }
    tape
}

/// One connection that is being played.
struct Session<'a, W> {
    wire: W,
    folder: &'a Folder,
    /// All that has come.
    seen: Vec<u8>,
    /// How much of it was read as responses.
    read: usize,
    /// How much had come when the client began to leave with an answer due.
    cut_short: Option<usize>,
    /// How the server has ended the connection, if it has.
    end: Option<End>,
}

/// How a connection has ended.
enum End {
    Closed,
    /// Without an orderly end.
    Cut(ErrorKind),
    /// It has not, or it makes no sense to go on.
    Wrong(String),
}

impl<W: Wire> Session<'_, W> {
    fn play(&mut self, connection: &Connection) {
        for burst in &connection.bursts {
            if self.end.is_some() {
                return; // what was refused was the last
            }
            match burst {
                Burst::Pipeline(requests, cuts) => {
                    self.send(&self.write(requests), cuts);
                    self.responses(requests);
                }
                Burst::Expecting(request, cuts) => self.expect(request, cuts),
            }
        }
        if self.end.is_none() {
            self.leave(&connection.ending);
        }
    }

    fn write(&self, requests: &[Request]) -> Vec<u8> {
        let write = |request: &Request| {
            let (head, body) = request.write(self.folder, false);
            [head, body].concat()
        };
        requests.iter().flat_map(write).collect()
    }

    /// Sends head, waits, and sends the body if it is asked for. If not, the server ends the
    /// connection, since it cannot know whether the body comes.
    fn expect(&mut self, request: &Request, cuts: &Cuts) {
        let (head, body) = request.write(self.folder, true);
        self.send(&head, cuts);
        if self.response(request) == Some(100) {
            self.send(&body, cuts);
            self.responses(std::slice::from_ref(request));
        }
    }

    fn leave(&mut self, ending: &Ending) {
        if ending.cuts_short() {
            self.cut_short = Some(self.seen.len());
        }
        match ending {
            Ending::At(parting) => self.part(*parting),
            Ending::Early(requests, cuts) => {
                self.send(&self.write(requests), cuts);
                self.part(Parting::HalfClose);
            }
            Ending::Unfinished(request, most, cuts, parting) => {
                let bytes = self.write(std::slice::from_ref(request));
                self.send(&bytes[..1 + place(*most, bytes.len() - 1)], cuts);
                self.part(*parting);
            }
            Ending::Altered(request, at, byte, cuts) => {
                let mut bytes = self.write(std::slice::from_ref(request));
                let at = place(*at, bytes.len());
                bytes[at] = *byte;
                self.send(&bytes, cuts);
                self.part(Parting::HalfClose);
            }
            Ending::Wrong(message, cuts) => {
                self.send(&self.folder.fill_in(message), cuts);
                self.hear_out();
            }
            Ending::WebSocket(frames, cuts) => {
                self.send(&[HANDSHAKE.to_vec(), conversation(frames)].concat(), cuts);
                self.hear_out();
            }
        }
    }

    fn part(&mut self, parting: Parting) {
        match parting {
            Parting::HalfClose => {
                self.wire.half_close(&mut self.seen);
                self.hear_out();
            }
            Parting::Close => {}
            Parting::Reset => self.wire.reset(),
        }
    }

    /// Sends these bytes in pieces.
    fn send(&mut self, bytes: &[u8], cuts: &Cuts) {
        for (piece, pauses) in pieces(bytes, cuts) {
            self.wire.send(piece, &mut self.seen);
            if pauses {
                self.wire.pause();
            }
        }
    }

    /// Waits for the responses to these requests, or for the end if it comes before.
    fn responses(&mut self, requests: &[Request]) {
        for request in requests {
            while self.response(request) == Some(100) {}
        }
    }

    /// Waits for a response; returns its status. Behind one that is the last comes the end.
    fn response(&mut self, request: &Request) -> Option<u16> {
        loop {
            let is_over = self.end.is_some();
            let unread = &self.seen[self.read..];
            match response::read(unread, request.method == "HEAD", is_over) {
                Ok(Some(response)) => {
                    self.read += response.length;
                    let says_close = |value: &[u8]| value.starts_with(b"close");
                    if response.field("connection").any(says_close) {
                        self.hear_out();
                        // Perhaps what is said to HEAD, which was not understood as such.
                        self.read = self.seen.len();
                    }
                    return Some(response.status);
                }
                Ok(None) if !is_over => self.receive(),
                Ok(None) => return None,
                Err(reason) => {
                    self.end = Some(End::Wrong(format!("not HTTP: {reason}")));
                    return None;
                }
            }
        }
    }

    fn hear_out(&mut self) {
        while self.end.is_none() {
            self.receive();
        }
    }

    fn receive(&mut self) {
        self.end = match self.wire.receive(&mut self.seen) {
            Ok(0) => Some(End::Closed),
            Ok(_) => None,
            Err(error) if is_late(&error) => Some(End::Wrong("nothing comes".to_owned())),
            Err(error) => Some(End::Cut(error.kind())),
        };
    }
}

impl Ending {
    /// Whether the client closes its side while an answer is due, or while it looks like that.
    fn cuts_short(&self) -> bool {
        matches!(self, Ending::Early(..) | Ending::Altered(..) | Ending::Unfinished(..))
    }
}

/// The fields that ask for a WebSocket.
const HANDSHAKE: &[u8] = b"GET /ws/echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// These frames as a client sends them, and the one that closes.
fn conversation(frames: &[Frame]) -> Vec<u8> {
    let message = |length, opcode, is_final| Written::message(content(length), opcode, is_final);
    let written = frames.iter().flat_map(|frame| match *frame {
        Frame::Text(length) => vec![message(length, OpCode::Data(Data::Text), true)],
        Frame::Binary(length) => vec![message(length, OpCode::Data(Data::Binary), true)],
        Frame::Fragments(first, last) => vec![
            message(first, OpCode::Data(Data::Text), false),
            message(last, OpCode::Data(Data::Continue), true),
        ],
        Frame::Ping(length) => vec![Written::ping(content(length))],
    });
    let mut bytes = Vec::new();
    for mut frame in written.chain([Written::close(None)]) {
        frame.header_mut().mask = Some(*b"mask");
        frame.format(&mut bytes).unwrap();
    }
    bytes
}
