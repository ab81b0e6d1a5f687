//! One exchange over WebSocket.

use std::io::ErrorKind;
use std::time::Instant;

use crate::check::check;
use crate::expected::{Expected, status};
use crate::response;
use crate::template::fill_in;
use crate::websocket::frame::Frame;
use crate::websocket::peer::Peer;
use crate::websocket::step::{Message, Step};
use crate::wire::Wire;

/// Frames of a report.
const LAST_FRAMES: usize = 12;

/// Plays the steps of a case at this target; returns the statuses of responses.
pub(crate) fn play(steps: &[Step], target: &str, wire: &mut Wire<'_>) -> Result<Vec<u16>, String> {
    let mut session = Session { wire, target, peer: Peer::default(), statuses: Vec::new() };
    for step in steps {
        session.play(step).map_err(|reason| session.explain(&reason))?;
    }
    Ok(session.statuses)
}

struct Session<'a, 'w> {
    wire: &'a mut Wire<'w>,
    target: &'a str,
    peer: Peer,
    statuses: Vec<u16>,
}

impl Session<'_, '_> {
    fn play(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::SendBytes(bytes) => {
                let host = self.wire.route.host;
                let values = [("<host>", host.as_bytes()), ("<target>", self.target.as_bytes())];
                self.wire.send(&fill_in(bytes, &values));
            }
            Step::Send(frames) => {
                self.wire.send(&frames.iter().map(Frame::encode).collect::<Vec<_>>().concat());
            }
            Step::Pause => self.wire.pause(),
            Step::HalfClose => self.wire.half_close(),
            Step::ExpectResponse(expected) => self.expect_response(expected)?,
            Step::ExpectAccepted(accept) => {
                let accepted = status(101)
                    .lists("connection", "upgrade")
                    .lists("upgrade", "websocket")
                    .equals("sec-websocket-accept", accept)
                    .without("sec-websocket-extensions")
                    .without("sec-websocket-protocol");
                self.expect_response(&accepted)?;
            }
            Step::ExpectMessage(message) => {
                let came = self.wait("message", |peer| peer.messages.pop_front())?;
                if came != *message {
                    return Err(format!("{}; expected {}", show(&came), show(message)));
                }
            }
            Step::ExpectPong(payload) => {
                let came = self.wait("pong", |peer| peer.pongs.pop_front())?;
                if came != *payload {
                    return Err("a pong that does not answer the ping".into());
                }
            }
            Step::ExpectClose { codes, is_needed } => self.expect_close(codes, *is_needed)?,
            Step::ExpectEnd => {
                self.read_to_the_end()?;
            }
        }
        Ok(())
    }

    fn expect_response(&mut self, expected: &Expected) -> Result<(), String> {
        let deadline = self.wire.deadline();
        loop {
            if let Some(response) = response::read(&self.wire.pending, false, self.wire.eof)? {
                self.wire.pending.drain(..response.length);
                self.statuses.push(response.status);
                return check(&response, expected);
            }
            if self.wire.eof {
                return Err("the connection ended before the response did".into());
            }
            self.receive("response", deadline)?;
        }
    }

    /// Reads until there is what `take` takes.
    fn wait<T>(
        &mut self,
        what: &str,
        mut take: impl FnMut(&mut Peer) -> Option<T>,
    ) -> Result<T, String> {
        let deadline = self.wire.deadline();
        loop {
            self.take_frames()?;
            if let Some(taken) = take(&mut self.peer) {
                return Ok(taken);
            }
            if self.wire.eof {
                return Err(format!("the connection was closed, and no {what} came"));
            }
            self.receive(what, deadline)?;
        }
    }

    fn expect_close(&mut self, codes: &[u16], is_needed: bool) -> Result<(), String> {
        self.read_to_the_end()?;
        match self.peer.closed {
            Some(code) if codes.contains(&code) => {}
            Some(code) => return Err(format!("the code {code}; expected {codes:?}")),
            None if is_needed => return Err("there is no Close frame before the end".into()),
            None => {}
        }
        match self.peer.messages.pop_front() {
            Some(message) => Err(format!("{} that is not due", show(&message))),
            None => Ok(()),
        }
    }

    fn read_to_the_end(&mut self) -> Result<(), String> {
        let deadline = self.wire.deadline();
        loop {
            self.take_frames()?;
            if self.wire.eof {
                return Ok(());
            }
            self.receive("end of the connection", deadline)?;
        }
    }

    fn take_frames(&mut self) -> Result<(), String> {
        while let Some((frame, length)) = Frame::read(&self.wire.pending)? {
            self.wire.pending.drain(..length);
            self.peer.receive(frame)?;
        }
        if self.wire.eof && !self.wire.pending.is_empty() {
            return Err("the connection ended within a frame".into());
        }
        Ok(())
    }

    fn receive(&mut self, what: &str, deadline: Instant) -> Result<(), String> {
        match self.wire.receive(deadline) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                return Err(format!("no {what} came in time"));
            }
            Err(_) => {
                // A reset closes it, too, and may destroy what was on its way.
                self.wire.eof = true;
                self.wire.pending.clear();
            }
        }
        Ok(())
    }

    /// A reason and what came before it.
    fn explain(&self, reason: &str) -> String {
        let log = &self.peer.log;
        if log.is_empty() {
            return reason.into();
        }
        let last = &log[log.len().saturating_sub(LAST_FRAMES)..];
        let dots = if last.len() < log.len() { "…, " } else { "" };
        format!("{reason}; the server sent {dots}{}", last.join(", "))
    }
}

fn show(message: &Message) -> String {
    match message {
        Message::Text(text) if text.len() <= 40 => format!("the text {text:?}"),
        Message::Text(text) => format!("a text of {} octets", text.len()),
        Message::Binary(bytes) => format!("a binary message of {} octets", bytes.len()),
    }
}
