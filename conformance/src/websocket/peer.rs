//! The frames of the server so far, held strictly against what RFC 6455 has for any frame: a frame
//! that must not have been sent fails any case.

use std::collections::VecDeque;

use crate::websocket::frame::{BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, TEXT};
use crate::websocket::step::Message;

/// The code of a Close frame without one (RFC 6455 §7.1.5).
pub(crate) const NO_CODE: u16 = 1005;

/// The state of one connection behind its handshake.
#[derive(Default)]
pub(crate) struct Peer {
    pub(crate) messages: VecDeque<Message>,
    pub(crate) pongs: VecDeque<Vec<u8>>,
    /// The code of the Close frame, if one has come.
    pub(crate) closed: Option<u16>,
    /// All frames that came, for a report.
    pub(crate) log: Vec<String>,
    /// Opcode and fragments of a message that goes on.
    unfinished: Option<(u8, Vec<u8>)>,
}

impl Peer {
    /// Takes a frame of the server's; says what is wrong with it.
    pub(crate) fn receive(&mut self, frame: Frame) -> Result<(), String> {
        let name = frame.to_string();
        self.log.push(name.clone());
        self.take(frame).map_err(|error| format!("{name}: {error}"))
    }

    fn take(&mut self, frame: Frame) -> Result<(), String> {
        if self.closed.is_some() {
            return Err("nothing follows on a Close frame".into()); // §5.5.1
        }
        if frame.has_reserved() {
            return Err("a reserved bit is set, and no extension was agreed on".into()); // §5.2
        }
        if frame.is_control() && (!frame.is_final() || frame.payload.len() > 125) {
            return Err("a control frame is whole, and short".into()); // §5.5
        }
        match frame.opcode() {
            PING => Ok(()),
            PONG => {
                self.pongs.push_back(frame.payload);
                Ok(())
            }
            CLOSE => {
                self.closed = Some(close_code(&frame.payload)?);
                Ok(())
            }
            opcode @ (CONTINUATION | TEXT | BINARY) => {
                let (opcode, payload) = match (opcode, self.unfinished.take()) {
                    (CONTINUATION, Some((opcode, begun))) => {
                        (opcode, [begun, frame.payload.clone()].concat())
                    }
                    (TEXT | BINARY, None) => (opcode, frame.payload.clone()),
                    _ => return Err("fragments are out of order".into()), // §5.4
                };
                if !frame.is_final() {
                    self.unfinished = Some((opcode, payload));
                    return Ok(());
                }
                self.messages.push_back(if opcode == TEXT {
                    Message::Text(String::from_utf8(payload).map_err(|_| "text is UTF-8")?) // §5.6
                } else {
                    Message::Binary(payload)
                });
                Ok(())
            }
            _ => Err("the opcode is reserved".into()), // §5.2
        }
    }
}

/// RFC 6455 §5.5.1, §7.4.
fn close_code(payload: &[u8]) -> Result<u16, String> {
    match payload {
        [] => Ok(NO_CODE),
        [_] => Err("a code has two octets".into()),
        [first, second, reason @ ..] => {
            let code = u16::from_be_bytes([*first, *second]);
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return Err(format!("the code {code} is not for frames"));
            }
            str::from_utf8(reason).map_err(|_| "the reason is UTF-8")?;
            Ok(code)
        }
    }
}
