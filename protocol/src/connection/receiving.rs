//! Taking requests apart: heads, bodies, refusals.

use super::Connection;
use super::state::{Incoming, Outgoing, Terms};
use crate::body::{BodyDecoder, BodyLength};
use crate::clock::Now;
use crate::exchange::Exchange;
use crate::head;
use crate::progress::Progress;
use crate::refusal::Refusal;

impl Connection {
    // ANCHOR: advance
    /// Goes on as far as input and room for output allow. Returns the bytes consumed.
    pub(super) fn advance(&mut self, input: &mut [u8], out: &mut Vec<u8>, now: Now) -> usize {
        let mut consumed = 0;
        loop {
            self.produce(out, now);
            if !self.phase.is_open() {
                return input.len(); // nothing after a last message is parsed (RFC 9112 §9.6)
            }
            let rest = &mut input[consumed..];
            let taken = match &self.input.incoming {
                Incoming::Head(_) if self.may_begin() => self.receive_head(rest, out, now),
                Incoming::Body(_) => self.receive_body(rest, out, now),
                _ => None,
            };
            match taken {
                Some(taken) => consumed += taken,
                None if !self.phase.is_open() => {}
                None => return consumed,
            }
            if matches!(self.input.incoming, Incoming::Upgraded(_)) {
                return consumed; // the rest is the next protocol's
            }
        }
    }
    // ANCHOR_END: advance

    /// Whether the next request may be looked at. All output is on the account by now.
    pub(super) fn may_begin(&self) -> bool {
        self.output.owes_nothing() && self.has_room()
    }

    /// Takes a request head from `rest`, if it is complete, and has it answered.
    pub(super) fn receive_head(
        &mut self,
        rest: &mut [u8],
        out: &mut Vec<u8>,
        now: Now,
    ) -> Option<usize> {
        let Incoming::Head(scanner) = &mut self.input.incoming else { return None };
        if !scanner.started() {
            // RFC 9112 §2.2: empty lines before a request line are ignored.
            let empty = 2 * rest.chunks_exact(2).take_while(|&line| line == b"\r\n").count();
            let waits_for_more = matches!(rest[empty..], [] | [b'\r']);
            if waits_for_more && self.input.is_closed {
                self.phase.finish();
            }
            if empty > 0 || waits_for_more {
                return (empty > 0).then_some(empty);
            }
            self.input.progress = Progress::start(now.instant);
        }
        match scanner.scan(rest, &self.service.limits) {
            Ok(Some(length)) => {
                self.input.is_held = length < rest.len();
                self.begin(&mut rest[..length], out, now);
                Some(length)
            }
            Ok(None) if self.input.is_closed => {
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
        let parsed = head::parse(head, &mut storage, &self.service.limits, now);
        let (mut request, framing) = match parsed {
            Ok(parsed) => parsed,
            Err(refusal) => return self.refuse_head(refusal, out, now),
        };
        self.service.place(&mut request);
        self.current.terms = Terms::new(&request, &framing);
        self.output.outgoing = Outgoing::Owed;
        self.observe(Some(&request), now);
        let (incoming, body) = match framing.body {
            BodyLength::Known(0) => (Incoming::Complete, None),
            BodyLength::Known(length) if length > self.service.limits.max_body => {
                self.current.exchange = Exchange::unanswered(Some(length));
                return self.refuse(Refusal::BodyTooLarge, out, now);
            }
            BodyLength::Known(length) => {
                (Incoming::Body(BodyDecoder::new(framing.body)), Some(length))
            }
            BodyLength::Chunked => (Incoming::Body(BodyDecoder::new(framing.body)), Some(0)),
        };
        self.input.expect(incoming);
        let handler = &*self.service.handler;
        let (exchange, effect) = Exchange::begin(handler, &request, body, &self.service.limits);
        self.current.exchange = exchange;
        self.pursue(effect, out, now);
    }

    /// Takes some of the request body from `rest`.
    pub(super) fn receive_body(
        &mut self,
        rest: &[u8],
        out: &mut Vec<u8>,
        now: Now,
    ) -> Option<usize> {
        let Incoming::Body(decoder) = &mut self.input.incoming else { return None };
        let room = self.current.exchange.room();
        if room == 0 {
            return None;
        }
        let exchange = &mut self.current.exchange;
        let taken = decoder.decode(rest, room, &self.service.limits).and_then(|piece| {
            let taken = exchange.receive(piece.content, decoder.declared(), &self.service.limits);
            taken.map(|()| piece.consumed)
        });
        let consumed = match taken {
            Ok(consumed) => consumed,
            Err(refusal) => {
                self.refuse(refusal, out, now);
                return None;
            }
        };
        self.input.progress.advance(consumed as u64, now.instant);
        self.input.is_held = consumed < rest.len();
        if decoder.is_done() {
            self.input.expect(Incoming::Complete);
            let effect = self.current.exchange.end(&self.service.limits);
            self.pursue(effect, out, now);
            self.next_request();
            return Some(consumed);
        }
        let effect = self.current.exchange.feed();
        self.pursue(effect, out, now);
        if consumed == 0 && self.input.is_closed {
            self.refuse(Refusal::Incomplete, out, now);
        }
        (consumed > 0).then_some(consumed)
    }

    pub(super) fn refuse_head(&mut self, refusal: Refusal, out: &mut Vec<u8>, now: Now) {
        let is_head = matches!(&self.input.incoming, Incoming::Head(scanner) if scanner.is_head());
        self.current.terms = Terms { is_head, ..Terms::UNKNOWN };
        self.output.outgoing =
            if refusal == Refusal::Foreign { Outgoing::Nothing } else { Outgoing::Owed };
        self.current.exchange = Exchange::unanswered(None);
        if refusal != Refusal::Foreign {
            self.observe(None, now);
        }
        self.refuse(refusal, out, now);
    }

    /// Refuses the current message: answers if an answer is still owed, then ends.
    pub(super) fn refuse(&mut self, refusal: Refusal, out: &mut Vec<u8>, now: Now) {
        self.input.expect(Incoming::Ignored);
        self.current.terms.close = true;
        match self.output.outgoing {
            Outgoing::Owed => {
                let effect = self.current.exchange.refuse(refusal);
                self.pursue(effect, out, now);
            }
            // No answer says so, so it is said here.
            Outgoing::Nothing => {
                self.service.refused(refusal);
                self.phase.finish();
            }
            Outgoing::Bytes(_) | Outgoing::File(_) | Outgoing::Stream(..) => {
                self.service.refused(refusal);
            }
        }
    }
}
