//! One exchange over HTTP/2.

use std::io::ErrorKind;

use crate::check::check;
use crate::delivery::Delivery;
use crate::expected::Framing;
use crate::http2::compose::{post, rfc9113};
use crate::http2::frame::{self, ACK, Code, DATA, Frame, SETTINGS, WINDOW_UPDATE, headers};
use crate::http2::peer::Peer;
use crate::http2::step::{Outcome, Step};
use crate::response::Response;
use crate::wire::Wire;

/// More streams than this are not opened to find out about a limit.
const MOST_STREAMS: u32 = 1000;

/// The longest payload that any server takes (RFC 9113 §4.2).
const LARGEST_DATA: usize = 16_384;

/// Frames of a report.
const LAST_FRAMES: usize = 12;

/// Plays the steps of a case; returns the statuses of the responses that were expected.
///
/// A server may say `PROTOCOL_ERROR` for any error, which is the code for what has no better one
/// (RFC 9113 §7), unless it is held to the `exact_codes`.
pub(crate) fn play(
    steps: &[Step],
    exact_codes: bool,
    wire: &mut Wire<'_>,
) -> Result<Vec<u16>, String> {
    let refills = !steps.iter().any(is_about_windows);
    let mut session =
        Session { wire, exact_codes, refills, peer: Peer::new(), statuses: Vec::new() };
    for step in steps {
        match session.play(step) {
            Ok(Next::Step) => {}
            Ok(Next::Over) => break,
            Err(reason) => return Err(session.explain(&reason)),
        }
    }
    Ok(session.statuses)
}

struct Session<'a, 'w> {
    wire: &'a mut Wire<'w>,
    exact_codes: bool,
    /// Whether content that has come makes room for more.
    refills: bool,
    peer: Peer,
    statuses: Vec<u16>,
}

/// Whether a case has a hand in how much may be sent to it.
fn is_about_windows(step: &Step) -> bool {
    match step {
        Step::Send(frames) => {
            frames.iter().any(|frame| frame.kind == WINDOW_UPDATE && frame.stream == 0)
        }
        Step::ExpectExactly(..) => true,
        _ => false,
    }
}

enum Next {
    Step,
    Over,
}

impl Session<'_, '_> {
    fn play(&mut self, step: &Step) -> Result<Next, String> {
        match step {
            Step::SendBytes(bytes) => self.wire.send(bytes),
            Step::Send(frames) => self.send(frames),
            Step::SendTooLong(frame) => {
                let mut frame = frame.clone();
                frame.payload.resize(self.peer.max_frame as usize + 1, 0);
                if frame.payload.len() >= 1 << 24 {
                    return Ok(Next::Over); // there is no longer one
                }
                self.send(&[frame]);
            }
            Step::SendTooMany => {
                let Some(most @ 0..=MOST_STREAMS) = self.peer.max_streams else {
                    return Ok(Next::Over);
                };
                let request = |number| headers(2 * number + 1, post("/echo"));
                self.send(&(0..=most).map(request).collect::<Vec<_>>());
                let too_many = 2 * most + 1;
                // Which of the two is for the server to say (RFC 9113 §5.1.2).
                let codes = vec![Code::ProtocolError, Code::RefusedStream, Code::EnhanceYourCalm];
                self.expect(&[
                    Outcome::Reset(too_many, codes.clone()),
                    Outcome::Dismissed(too_many),
                    Outcome::GoAway(codes),
                    Outcome::Closed,
                ])?;
            }
            Step::SendContent(stream, octets) => self.send_content(*stream, *octets)?,
            Step::Pause => self.wire.pause(),
            Step::HalfClose => self.wire.half_close(),
            Step::Reconnect => {
                self.wire.reconnect()?;
                self.peer = Peer::new();
            }
            Step::Expect(outcomes) => self.expect(outcomes)?,
            Step::ExpectNot(outcome) => {
                if matches!(self.look(outcome), Seen::Yes) {
                    return Err(format!("there should be no {}", describe(outcome)));
                }
            }
            Step::ExpectExactly(stream, length) => {
                let content = self.peer.stream(*stream).map_or(0, |stream| stream.content.len());
                if content != *length {
                    return Err(format!(
                        "{content} octets of content on {stream}; expected {length}"
                    ));
                }
            }
            Step::ExpectEnd => self.expect_end()?,
            Step::ExpectOthersServed => self.expect_others_served()?,
        }
        Ok(Next::Step)
    }

    fn send(&mut self, frames: &[Frame]) {
        frames.iter().for_each(|frame| self.peer.sent(frame));
        self.wire.send(&frames.iter().map(Frame::encode).collect::<Vec<_>>().concat());
    }

    /// Reads until one of the outcomes is there.
    fn expect(&mut self, outcomes: &[Outcome]) -> Result<(), String> {
        let deadline = self.wire.deadline();
        loop {
            self.take_frames()?;
            let mut reasons = Vec::new();
            for outcome in outcomes {
                match self.look(outcome) {
                    Seen::Yes => return Ok(()),
                    Seen::NotYet => {}
                    Seen::Never(reason) => reasons.push(reason),
                }
            }
            if reasons.len() == outcomes.len() {
                return Err(reasons.swap_remove(0));
            }
            if self.wire.eof {
                return Err(reasons.pop().unwrap_or("the connection was closed".into()));
            }
            match self.wire.receive(deadline) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    if let Some(reason) = reasons.pop() {
                        return Err(reason);
                    }
                    let wanted: Vec<_> = outcomes.iter().map(describe).collect();
                    return Err(format!("there is no {}", wanted.join(", nor ")));
                }
                Err(_) => {
                    // A reset closes it, too, and may destroy what was on its way.
                    self.wire.eof = true;
                    self.wire.pending.clear();
                }
            }
        }
    }

    /// Sends content as there is room for it.
    fn send_content(&mut self, stream: u32, mut octets: usize) -> Result<(), String> {
        let deadline = self.wire.deadline();
        while octets > 0 {
            let room = usize::try_from(self.peer.room(stream)).unwrap_or(usize::MAX);
            let length = octets.min(room).min(LARGEST_DATA);
            if length > 0 {
                octets -= length;
                self.send(&[frame::data(stream, vec![b'x'; length])]);
                continue;
            }
            self.wire.receive(deadline).map_err(|error| match error.kind() {
                ErrorKind::TimedOut => format!("no room is given for {octets} octets more"),
                _ => format!("the connection broke while content was sent: {error}"),
            })?;
            self.take_frames()?;
            if self.wire.eof {
                return Err("the connection was closed while content was sent".into());
            }
        }
        Ok(())
    }

    /// Reads to the end of the connection, whatever comes.
    fn expect_end(&mut self) -> Result<(), String> {
        let deadline = self.wire.deadline();
        while !self.wire.eof {
            match self.wire.receive(deadline) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    return Err("the connection should have been closed".into());
                }
                Err(_) => return Ok(()), // a reset closes it, too
            }
        }
        Ok(())
    }

    fn take_frames(&mut self) -> Result<(), String> {
        if self.wire.pending.starts_with(b"HTTP/1.") {
            return Err("the server answers in HTTP/1".into());
        }
        loop {
            if let Some(length) = Frame::announced(&self.wire.pending)
                && self.peer.is_too_long(length)
            {
                return Err(format!("a frame of {length} octets is longer than allowed")); // §4.2
            }
            let Some((frame, length)) = Frame::read(&self.wire.pending) else { break };
            self.wire.pending.drain(..length);
            self.peer.receive(&frame)?;
            if frame.kind == SETTINGS && !frame.has(ACK) {
                // Not in the way of the delivery, which is about what the case sends.
                self.wire.send_aside(&frame::settings_ack().encode());
            }
            if frame.kind == DATA && !frame.payload.is_empty() && self.refills {
                let room = u32::try_from(frame.payload.len()).unwrap_or(0);
                let update = frame::window_update(0, room);
                self.peer.sent(&update);
                self.wire.send_aside(&update.encode());
            }
        }
        if self.wire.eof && !self.wire.pending.is_empty() {
            return Err("the connection ended within a frame".into());
        }
        Ok(())
    }

    fn look(&mut self, outcome: &Outcome) -> Seen {
        let stream = |id: &u32| self.peer.stream(*id);
        let is_there = match outcome {
            Outcome::Response(id, expected) => match stream(id) {
                Some(stream) if stream.has_ended => {
                    let Some((status, fields)) = &stream.head else { return Seen::NotYet };
                    let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
                    let response = Response {
                        status: *status,
                        fields: fields.iter().map(|(n, v)| (name(n), v.clone())).collect(),
                        framing: Framing::Bodiless,
                        body: stream.content.clone(),
                        length: 0,
                    };
                    let outcome = check(&response, expected)
                        .and_then(|()| check_length(&response, expected.to_head));
                    return match outcome {
                        Ok(()) => {
                            self.statuses.push(*status);
                            Seen::Yes
                        }
                        Err(reason) => Seen::Never(reason),
                    };
                }
                Some(stream) if stream.reset.is_some() => {
                    return Seen::Never(format!("stream {id} was reset"));
                }
                _ => false,
            },
            Outcome::Head(id) => stream(id).is_some_and(|stream| stream.head.is_some()),
            Outcome::Content(id, length) => {
                stream(id).is_some_and(|stream| stream.content.len() >= *length)
            }
            Outcome::Reset(id, codes) => match stream(id).and_then(|stream| stream.reset) {
                Some(code) => return self.among(code, codes, "RST_STREAM"),
                None => false,
            },
            Outcome::Dismissed(id) => stream(id).is_some_and(|stream| {
                stream.has_ended && stream.reset == Some(Some(Code::NoError))
            }),
            // GOAWAY without an error may come first, or come to nothing (RFC 9113 §6.8).
            Outcome::GoAway(codes) => match self.peer.goaway {
                Some((_, Some(Code::NoError))) if !codes.contains(&Code::NoError) => false,
                Some((_, code)) => match self.among(code, codes, "GOAWAY") {
                    Seen::Yes => self.wire.eof, // §5.4.1
                    other => return other,
                },
                None => false,
            },
            Outcome::Closed => {
                let in_error =
                    matches!(self.peer.goaway, Some((_, code)) if code != Some(Code::NoError));
                self.wire.eof && !in_error
            }
            Outcome::Pong(payload) => self.peer.pongs.iter().any(|pong| pong == payload),
            Outcome::Settings => self.peer.has_settings,
            Outcome::SettingsAcknowledged(count) => self.peer.acknowledged >= *count,
            Outcome::WindowUpdate(stream) => self.peer.updates.contains_key(stream),
        };
        if is_there { Seen::Yes } else { Seen::NotYet }
    }

    fn among(&self, code: Option<Code>, codes: &[Code], frame: &str) -> Seen {
        let is_unspecific = code == Some(Code::ProtocolError) && !self.exact_codes;
        match code {
            Some(code) if codes.contains(&code) || is_unspecific => Seen::Yes,
            Some(code) => Seen::Never(format!("{frame} has {code:?}; expected {codes:?}")),
            None => Seen::Never(format!("{frame} has an unknown code; expected {codes:?}")),
        }
    }

    fn expect_others_served(&self) -> Result<(), String> {
        let mut wire = Wire::open(self.wire.route, Delivery::Whole)?;
        play(&rfc9113("3.4", "", "").request(1).into_steps(), false, &mut wire)
            .map_err(|reason| format!("another connection is not served: {reason}"))?;
        Ok(())
    }

    /// A reason and what came before it.
    fn explain(&self, reason: &str) -> String {
        let log = &self.peer.log;
        let last = &log[log.len().saturating_sub(LAST_FRAMES)..];
        if last.is_empty() {
            return reason.into();
        }
        let dots = if last.len() < log.len() { "…, " } else { "" };
        let end = if self.wire.eof { ", and the end" } else { "" };
        format!("{reason}; the server sent {dots}{}{end}", last.join(", "))
    }
}

enum Seen {
    Yes,
    NotYet,
    /// And it never will be.
    Never(String),
}

/// RFC 9113 §8.1.1: the content is as long as was said.
fn check_length(response: &Response, to_head: bool) -> Result<(), String> {
    let Some(length) = response.field("content-length").next() else { return Ok(()) };
    let length = str::from_utf8(length).ok().and_then(|length| length.parse().ok());
    let without_content = to_head || response.status == 304;
    match length {
        Some(length) if without_content || response.body.len() == length => Ok(()),
        _ => Err("content-length is not the length of the content".into()),
    }
}

fn describe(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Response(stream, expected) => {
            format!("response on {stream} with status {}", expected.statuses)
        }
        Outcome::Head(stream) => format!("head of a response on {stream}"),
        Outcome::Content(stream, length) => format!("content of {length} octets on {stream}"),
        Outcome::Reset(stream, codes) => format!("RST_STREAM on {stream} with {codes:?}"),
        Outcome::Dismissed(stream) => format!("answer on {stream} that ends it"),
        Outcome::GoAway(codes) => format!("GOAWAY with {codes:?} and close"),
        Outcome::Closed => "close".into(),
        Outcome::Pong(_) => "PING ACK".into(),
        Outcome::Settings => "SETTINGS".into(),
        Outcome::SettingsAcknowledged(count) => format!("SETTINGS ACK number {count}"),
        Outcome::WindowUpdate(stream) => format!("WINDOW_UPDATE on {stream}"),
    }
}
