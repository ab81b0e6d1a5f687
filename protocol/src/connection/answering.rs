//! Following the handler's reply until the response is complete.

use http::{StatusCode, Version};

use super::Connection;
use super::state::{self, Ends, Incoming, Outgoing};
use crate::clock::{Now, is_due};
use crate::exchange::Effect;
use crate::head::HeadScanner;
use crate::producer::{Produced, Producer};
use crate::progress::Progress;
use crate::protocol::Protocol;
use crate::response::{Body, Response};
use crate::writer::{self, BodyFraming, Persistence};

impl Connection {
    /// Does what the exchange wants.
    pub(super) fn pursue(&mut self, effect: Option<Effect>, out: &mut Vec<u8>, now: Now) {
        match effect {
            Some(Effect::WantBody) => self.want_body(out),
            Some(Effect::Run(work)) => {
                let ticket = self.pending.tickets.next();
                self.current.exchange.expect(ticket);
                self.pending.work = Some((ticket, work));
            }
            Some(Effect::Respond(response)) => self.respond(response, out, now),
            Some(Effect::Upgrade(response, next)) => self.upgrade(&response, next, out, now),
            None => {}
        }
    }

    /// A body is wanted that has not been read so far.
    fn want_body(&mut self, out: &mut Vec<u8>) {
        self.input.progress = Progress::start(self.now);
        self.must_receive = true;
        // RFC 9110 §10.1.1: unless it is on its way already.
        let is_due = matches!(self.input.incoming, Incoming::Body(_)) && !self.input.is_held;
        if std::mem::take(&mut self.current.terms.expects_continue) && is_due {
            out.extend_from_slice(writer::CONTINUE);
        }
    }

    /// Gives the response to the current request.
    pub(super) fn respond(&mut self, response: Response, out: &mut Vec<u8>, now: Now) {
        if let Some(refusal) = response.refusal {
            self.service.refused(refusal);
        }
        let response = response.checked(self.current.terms.is_connect);
        self.leave_body_unread();
        let terms = &mut self.current.terms;
        let is_last = (self.drain.has_begun() || self.input.is_closed) && !self.input.is_held;
        terms.close |= response.close || is_last;
        let framing = match response.body.length() {
            _ if response.is_bodiless() => BodyFraming::None,
            Some(length) => BodyFraming::Length(length),
            None if terms.version == Version::HTTP_11 => BodyFraming::Chunked,
            None => {
                terms.close = true;
                BodyFraming::Close
            }
        };
        let persistence = if terms.close { Persistence::Close } else { Persistence::KeepAlive };
        let date = self.date.at(now.wall);
        writer::write_head(out, &response, framing, persistence, terms.version, date);
        let has_content = !terms.is_head && !response.is_bodiless();
        self.observe_head(&response, out);
        if !has_content {
            return self.finish(self.output.uncounted(out));
        }
        self.output.outgoing = match response.body {
            Body::Bytes(bytes) if bytes.len() <= self.service.limits.high_water_mark() => {
                out.extend_from_slice(&bytes);
                return self.finish(self.output.uncounted(out));
            }
            Body::Bytes(bytes) => Outgoing::Bytes(bytes),
            Body::File(range) if range.length > 0 => Outgoing::File(range),
            Body::Empty | Body::File(_) => return self.finish(self.output.uncounted(out)),
            Body::Stream(source) => {
                let is_chunked = framing == BodyFraming::Chunked;
                let ends = if is_chunked { Ends::Chunked } else { Ends::Close };
                Outgoing::Stream(Producer::new(source), ends)
            }
        };
    }

    /// The response does not need the rest of the request body. A small rest is thrown away; for
    /// the sake of a large one, or of one that was never asked for, the connection is closed.
    pub(super) fn leave_body_unread(&mut self) {
        if !matches!(self.input.incoming, Incoming::Body(_)) {
            return;
        }
        self.input.progress = Progress::start(self.now);
        self.current.terms.close |= self.current.terms.expects_continue
            || self.current.exchange.declared() > self.service.limits.max_discard;
    }

    pub(super) fn upgrade(
        &mut self,
        response: &Response,
        mut next: Box<dyn Protocol>,
        out: &mut Vec<u8>,
        now: Now,
    ) {
        let version = self.current.terms.version;
        // RFC 9110 §7.8: HTTP/1.0 knows no upgrade. A body would be taken for the new protocol.
        if version == Version::HTTP_10 || !matches!(self.input.incoming, Incoming::Complete) {
            return self.respond(Response::plain(StatusCode::BAD_REQUEST).close(), out, now);
        }
        // RFC 9110 §7.8: it comes before 101, also where there is no body to go on with.
        if std::mem::take(&mut self.current.terms.expects_continue) {
            out.extend_from_slice(writer::CONTINUE);
        }
        let date = self.date.at(now.wall);
        writer::write_head(out, response, BodyFraming::None, Persistence::Upgrade, version, date);
        self.served += 1;
        self.observe_head(response, out);
        self.observe_upgrade();
        self.output.outgoing = Outgoing::Nothing;
        // What came before the hand-over concerns the new protocol no less.
        if self.input.is_closed {
            next.receive_eof(now);
        }
        if let Some(deadline) = self.drain.deadline() {
            next.shutdown(deadline, now);
        }
        self.input.expect(Incoming::Upgraded(next));
    }

    /// The response is complete, as far as it is ours to write; so many bytes of it are not on the
    /// account.
    pub(super) fn finish(&mut self, uncounted: usize) {
        self.output.outgoing = Outgoing::Nothing;
        self.served += 1;
        self.observe_end(uncounted);
        if self.current.terms.close {
            self.phase.finish();
        } else {
            self.next_request();
        }
    }

    /// Makes ready for the next request, if this one has been read and answered.
    pub(super) fn next_request(&mut self) {
        if matches!(
            (&self.input.incoming, &self.output.outgoing),
            (Incoming::Complete, Outgoing::Nothing)
        ) {
            self.input.expect(Incoming::Head(HeadScanner::default()));
            self.input.progress = Progress::start(self.now);
            self.must_receive |= self.input.is_closed;
        }
    }

    /// Moves what is owed into the output, as far as there is room and it is time.
    pub(super) fn produce(&mut self, out: &mut Vec<u8>, now: Now) {
        loop {
            self.output.count(out, now.instant);
            if !self.has_room() || self.phase.is_closed() {
                return;
            }
            match &mut self.output.outgoing {
                Outgoing::Owed if is_due(self.current.exchange.deadline(), now.instant) => {
                    let effect = self.current.exchange.handle_timeout(now);
                    self.pursue(effect, out, now);
                }
                Outgoing::Bytes(bytes) => {
                    let piece =
                        bytes.split_to(bytes.len().min(self.service.limits.high_water_mark()));
                    let is_all = bytes.is_empty();
                    out.extend_from_slice(&piece);
                    if is_all {
                        self.finish(self.output.uncounted(out));
                    }
                }
                Outgoing::Stream(producer, ends) => {
                    match state::produce(producer, *ends, out, now) {
                        Produced::Some => {}
                        Produced::NotYet => return,
                        Produced::All => self.finish(self.output.uncounted(out)),
                        // What stands before it is sent. That it has no end tells the peer that it
                        // is incomplete (RFC 9112 §8).
                        Produced::Broken => {
                            self.observe_broken();
                            self.output.outgoing = Outgoing::Nothing;
                            self.phase.finish();
                            return;
                        }
                    }
                }
                _ => return,
            }
        }
    }
}
