//! Taking requests apart: heads, bodies, refusals.

use super::incoming::Incoming;
use super::outgoing::Outgoing;
use super::{Connection, Ending, Terms};
use crate::body::{BodyDecoder, BodyLength};
use crate::clock::Progress;
use crate::exchange::Exchange;
use crate::{Now, Refusal, head};

impl Connection {
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
            Ok((request, framing)) => (request.secured(self.is_secure), framing),
            Err(refusal) => return self.refuse_head(refusal, out, now),
        };
        self.terms = Terms::new(&request, &framing);
        self.begun = now.instant;
        self.outgoing = Outgoing::Owed;
        let (incoming, body) = match framing.body {
            BodyLength::Known(0) => (Incoming::Complete, None),
            BodyLength::Known(length) if length > self.limits.max_body => {
                self.exchange = Exchange::unanswered(Some(length));
                return self.refuse(Refusal::BodyTooLarge, out, now);
            }
            BodyLength::Known(length) => {
                (Incoming::Body(BodyDecoder::new(framing.body)), Some(length))
            }
            BodyLength::Chunked => (Incoming::Body(BodyDecoder::new(framing.body)), Some(0)),
        };
        self.incoming = incoming;
        let handler = &*self.handler;
        let (exchange, effect) = Exchange::begin(handler, &request, body, &self.limits);
        self.exchange = exchange;
        self.pursue(effect, out, now);
    }

    /// Takes some of the request body from `rest`.
    pub(super) fn receive_body(
        &mut self,
        rest: &[u8],
        out: &mut Vec<u8>,
        now: Now,
    ) -> Option<usize> {
        let Incoming::Body(decoder) = &mut self.incoming else { return None };
        let room = self.exchange.room();
        if room == 0 {
            return None;
        }
        let exchange = &mut self.exchange;
        let taken = decoder.decode(rest, room, &self.limits).and_then(|piece| {
            let taken = exchange.receive(piece.content, decoder.declared(), &self.limits);
            taken.map(|()| piece.consumed)
        });
        let consumed = match taken {
            Ok(consumed) => consumed,
            Err(refusal) => {
                self.refuse(refusal, out, now);
                return None;
            }
        };
        self.receiving.advance(consumed as u64, now.instant);
        self.backlog = consumed < rest.len();
        if decoder.is_done() {
            self.incoming = Incoming::Complete;
            let effect = self.exchange.end(&self.limits);
            self.pursue(effect, out, now);
            self.next_request();
            return Some(consumed);
        }
        let effect = self.exchange.feed();
        self.pursue(effect, out, now);
        if consumed == 0 && self.input_closed {
            self.refuse(Refusal::Incomplete, out, now);
        }
        (consumed > 0).then_some(consumed)
    }

    pub(super) fn refuse_head(&mut self, refusal: Refusal, out: &mut Vec<u8>, now: Now) {
        let is_head = matches!(&self.incoming, Incoming::Head(scanner) if scanner.is_head());
        self.terms = Terms { is_head, ..Terms::UNKNOWN };
        self.outgoing =
            if refusal == Refusal::Foreign { Outgoing::Nothing } else { Outgoing::Owed };
        self.exchange = Exchange::unanswered(None);
        self.begun = now.instant;
        self.refuse(refusal, out, now);
    }

    /// Refuses the current message: answers if an answer is still owed, then ends.
    pub(super) fn refuse(&mut self, refusal: Refusal, out: &mut Vec<u8>, now: Now) {
        self.incoming = Incoming::Ignored;
        self.terms.close = true;
        match self.outgoing {
            Outgoing::Owed => {
                let effect = self.exchange.refuse(refusal);
                self.pursue(effect, out, now);
            }
            // No answer says so, so it is said here.
            Outgoing::Nothing => {
                self.refused.iter().for_each(|refused| refused(&refusal));
                self.ending = Ending::Flush;
            }
            Outgoing::Bytes(_) | Outgoing::File(_) | Outgoing::Stream(..) => {
                self.refused.iter().for_each(|refused| refused(&refusal));
            }
        }
    }
}
