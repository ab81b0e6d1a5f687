//! Taking requests apart: heads, bodies, refusals.

use super::answering::panicked;
use super::incoming::{Incoming, IncomingBody, Purpose};
use super::outgoing::Outgoing;
use super::{Connection, Ending, Exchange};
use crate::body::BodyLength;
use crate::clock::Progress;
use crate::handler::{Handler, Ticket, caught};
use crate::{Now, Refusal, head};

impl<H: Handler> Connection<H> {
    // ANCHOR: advance
    /// Goes on as far as input and room for output allow. Returns the bytes consumed.
    pub(super) fn advance(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        let mut consumed = 0;
        loop {
            self.produce(out, now);
            if self.ending != Ending::Open {
                return input.len(); // nothing after a last message is parsed (RFC 9112 §9.6)
            }
            let rest = &mut input[consumed..];
            let taken = match &self.incoming {
                Incoming::Head(_) if self.may_begin(out) => self.receive_head(rest, out, now),
                Incoming::Body(_) => self.receive_body(rest, out, now),
                _ => None,
            };
            match taken {
                Some(taken) => consumed += taken,
                None if self.ending != Ending::Open => {}
                None => return consumed,
            }
            if self.next.is_some() {
                return consumed;
            }
        }
    }
    // ANCHOR_END: advance

    pub(super) fn may_begin(&self, out: &[u8]) -> bool {
        matches!(self.outgoing, Outgoing::Nothing) && !self.is_behind(out)
    }

    /// Takes a request head from `rest`, if it is complete, and has it answered.
    pub(super) fn receive_head(
        &mut self,
        rest: &mut [u8],
        out: &mut Vec<u8>,
        now: Now,
    ) -> Option<usize> {
        let Incoming::Head(scanner) = &mut self.incoming else { return None };
        if !scanner.started() {
            // RFC 9112 §2.2: empty lines before a request line are ignored.
            let empty = 2 * rest.chunks_exact(2).take_while(|&line| line == b"\r\n").count();
            let waits_for_more = matches!(rest[empty..], [] | [b'\r']);
            if waits_for_more && self.input_closed {
                self.ending = Ending::Flush;
            }
            if empty > 0 || waits_for_more {
                return (empty > 0).then_some(empty);
            }
            self.receiving = Progress::start(now.instant);
        }
        match scanner.scan(rest, &self.limits) {
            Ok(Some(length)) => {
                self.backlog = length < rest.len();
                self.begin(&mut rest[..length], out, now);
                Some(length)
            }
            Ok(None) if self.input_closed => {
                self.refuse_head(Refusal::Incomplete, out, now);
                None
            }
            Ok(None) => None,
            Err(refusal) => {
                self.refuse_head(refusal, out, now);
                None
            }
        }
    }

    /// A request head is complete: asks the handler what to do.
    pub(super) fn begin(&mut self, head: &mut [u8], out: &mut Vec<u8>, now: Now) {
        let mut storage = head::field_storage();
        let (request, framing) = match head::parse(head, &mut storage, &self.limits, now) {
            Ok(parsed) => parsed,
            Err(refusal) => return self.refuse_head(refusal, out, now),
        };
        self.exchange = Exchange::new(&request, &framing);
        self.begun = now.instant;
        self.outgoing = Outgoing::Owed;
        self.incoming = match framing.body {
            BodyLength::Known(0) => Incoming::Complete,
            BodyLength::Known(length) if length > self.limits.body => {
                return self.refuse(Refusal::BodyTooLarge, out, now);
            }
            length => Incoming::Body(Box::new(IncomingBody::new(length))),
        };
        let handler = &self.handler;
        let reply = caught(|| handler.handle(&request));
        self.follow(reply.unwrap_or_else(|| panicked().into()), out, now);
    }

    /// Takes some of the request body from `rest`.
    pub(super) fn receive_body(
        &mut self,
        rest: &[u8],
        out: &mut Vec<u8>,
        now: Now,
    ) -> Option<usize> {
        let Incoming::Body(body) = &mut self.incoming else { return None };
        if body.room() == 0 {
            return None;
        }
        let consumed = match body.receive(rest, &self.limits) {
            Ok(consumed) => consumed,
            Err(refusal) => {
                self.refuse(refusal, out, now);
                return None;
            }
        };
        self.receiving.advance(consumed as u64, now.instant);
        self.backlog = consumed < rest.len();
        if body.decoder.is_done() {
            self.end_body(out, now);
            return Some(consumed);
        }
        self.feed_sink();
        if consumed == 0 && self.input_closed {
            self.refuse(Refusal::Incomplete, out, now);
        }
        (consumed > 0).then_some(consumed)
    }

    /// The request body is complete.
    pub(super) fn end_body(&mut self, out: &mut Vec<u8>, now: Now) {
        if let Incoming::Body(body) = &mut self.incoming
            && let Purpose::Stream(feed) = &mut body.purpose
        {
            feed.ended = true;
            return self.feed_sink();
        }
        let Incoming::Body(body) = std::mem::replace(&mut self.incoming, Incoming::Complete) else {
            return;
        };
        match body.purpose {
            Purpose::Collect(body, then) => self.collected(body, then, out, now),
            _ => self.next_request(),
        }
    }

    /// Sends the sink, if it is here, to work on what has come for it.
    pub(super) fn feed_sink(&mut self) {
        let Incoming::Body(body) = &mut self.incoming else { return };
        let Purpose::Stream(feed) = &mut body.purpose else { return };
        let Some(work) = feed.work() else { return };
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        feed.ticket = Some(ticket);
        self.work = Some((ticket, work));
        if feed.ended {
            // The work brings back the reply, not the sink.
            self.incoming = Incoming::Complete;
            self.outgoing = Outgoing::Working(ticket);
        }
    }

    pub(super) fn refuse_head(&mut self, refusal: Refusal, out: &mut Vec<u8>, now: Now) {
        self.exchange = Exchange::UNKNOWN;
        self.begun = now.instant;
        self.outgoing = Outgoing::Owed;
        self.refuse(refusal, out, now);
    }

    /// Refuses the current message: answers if an answer is still owed, then ends.
    pub(super) fn refuse(&mut self, refusal: Refusal, out: &mut Vec<u8>, now: Now) {
        self.incoming = Incoming::Ignored;
        self.exchange.close = true;
        match self.outgoing {
            Outgoing::Owed | Outgoing::Working(_) | Outgoing::Delayed(..) => {
                self.respond(refusal.into(), out, now);
            }
            Outgoing::Nothing => self.ending = Ending::Flush,
            Outgoing::Bytes(_) | Outgoing::File(_) | Outgoing::Stream(_) => {}
        }
    }
}
