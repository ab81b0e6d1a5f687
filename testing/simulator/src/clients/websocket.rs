//! A client of WebSocket: the opening handshake, messages that come back, the closing one. What
//! comes after the first is read and written by tungstenite.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use conformance::response;
use tungstenite::protocol::Role;
use tungstenite::{Error, Message};

use crate::choices::Choices;
use crate::clients::client::{Client, Mishaps};
use crate::stage::Entries;

const HANDSHAKE: &[u8] = b"GET /socket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

pub(crate) struct WebSocket {
    messages: Vec<Message>,
    /// Whether a message is said only when the one before it has come back.
    waits: bool,
    /// The client that speaks after the handshake.
    socket: Option<tungstenite::WebSocket<Ends>>,
    said: usize,
    echoes: usize,
    has_begun: bool,
    is_closed: bool,
    has_ended: bool,
    heard: Vec<u8>,
}

/// Bytes that have come, and bytes that are to go.
#[derive(Default)]
struct Ends {
    incoming: VecDeque<u8>,
    outgoing: Vec<u8>,
}

impl Read for Ends {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.incoming.read(buffer)
    }
}

impl Write for Ends {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl WebSocket {
    pub(crate) fn new(choices: &mut Choices) -> Self {
        let messages = (0..choices.within(0..=8)).map(|number| message(number, choices)).collect();
        WebSocket {
            messages,
            waits: choices.one_in(2),
            socket: None,
            said: 0,
            echoes: 0,
            has_begun: false,
            is_closed: false,
            has_ended: false,
            heard: Vec::new(),
        }
    }

    /// Takes what has come back.
    fn listen(&mut self) -> Result<(), String> {
        while let Some(socket) = &mut self.socket
            && !self.is_closed
        {
            match socket.read() {
                Ok(Message::Close(_)) => {}
                Ok(Message::Ping(_)) => {} // it answers by itself
                Ok(message) if self.messages.get(self.echoes) == Some(&message) => self.echoes += 1,
                Ok(message) => return Err(format!("message {} is not {message:?}", self.echoes)),
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => self.is_closed = true,
                Err(error) => return Err(format!("no WebSocket: {error}")),
            }
        }
        Ok(())
    }
}

fn message(number: usize, choices: &mut Choices) -> Message {
    let size = choices.size(20_000);
    if choices.one_in(2) {
        Message::text(format!("{number} ä{}", "€".repeat(size / 3)))
    } else {
        Message::binary(vec![number.to_le_bytes()[0]; size])
    }
}

impl Client for WebSocket {
    fn say(&mut self) -> Vec<u8> {
        if !std::mem::replace(&mut self.has_begun, true) {
            return HANDSHAKE.to_vec();
        }
        let Some(socket) = &mut self.socket else { return Vec::new() };
        while self.said < self.messages.len()
            && (!self.waits || self.said == self.echoes)
            && socket.can_write()
        {
            // What cannot be said any more is missed by the judge.
            let _ = socket.send(self.messages[self.said].clone());
            self.said += 1;
        }
        if self.echoes == self.messages.len() && socket.can_write() {
            let _ = socket.close(None);
        }
        let _ = socket.flush();
        std::mem::take(&mut socket.get_mut().outgoing)
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), String> {
        if let Some(socket) = &mut self.socket {
            socket.get_mut().incoming.extend(bytes);
            return self.listen();
        }
        self.heard.extend_from_slice(bytes);
        let Some(response) = response::read(&self.heard, false, self.has_ended)? else {
            return Ok(());
        };
        let rest = self.heard.split_off(response.length);
        if response.status == 101 {
            let socket =
                tungstenite::WebSocket::from_raw_socket(Ends::default(), Role::Client, None);
            self.socket = Some(socket);
            return self.hear(&rest);
        }
        Ok(()) // for the judge
    }

    fn hear_end(&mut self) -> Result<(), String> {
        self.has_ended = true;
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.has_ended || self.is_closed
    }

    fn judge(&self, entries: &Entries, mishaps: &Mishaps) -> Result<usize, String> {
        if self.socket.is_some() && entries.closed.len() != 1 {
            return Err(format!("the end was told {} times", entries.closed.len()));
        }
        let is_clean = entries.closed.first().is_some_and(|how| how.starts_with("Clean"));
        if !mishaps.excuse_deafness() && (self.echoes < self.messages.len() || !is_clean) {
            let (came, all) = (self.echoes, self.messages.len());
            return Err(format!("{came} of {all} messages, and the end was {:?}", entries.closed));
        }
        Ok(self.echoes)
    }
}
