//! Following the handler's reply until the response is complete.

use http::header::{HeaderValue, RETRY_AFTER};
use http::{StatusCode, Version};

use super::incoming::{Incoming, Purpose, SinkFeed};
use super::outgoing::{Outgoing, Produced, Producer};
use super::{Connection, Ending};
use crate::clock::Progress;
use crate::handler::{Collector, Handler, Outcome, Reply, Sink, Ticket, Work, caught};
use crate::head::HeadScanner;
use crate::response::Body;
use crate::writer::{self, BodyFraming, Persistence};
use crate::{Now, Protocol, Refusal, Response};

impl<H: Handler> Connection<H> {
    /// Does what a handler wants.
    pub(super) fn follow(&mut self, reply: Reply, out: &mut Vec<u8>, now: Now) {
        match reply {
            Reply::Respond(response) => self.respond(response, out, now),
            Reply::RespondAt(moment, response) => {
                self.outgoing = Outgoing::Delayed(moment, response);
            }
            Reply::Run(work) => {
                self.tickets += 1;
                let ticket = Ticket(self.tickets);
                self.work = Some((ticket, work));
                self.outgoing = Outgoing::Working(ticket);
            }
            Reply::Collect(then) => self.collect(then, out, now),
            Reply::Stream(sink) => self.stream(sink, out, now),
            Reply::Upgrade(response, next) => self.upgrade(&response, next, out, now),
        }
    }

    pub(super) fn collect(&mut self, then: Collector, out: &mut Vec<u8>, now: Now) {
        let limit = self.limits.collect as u64;
        match &mut self.incoming {
            Incoming::Body(body) if body.decoder.declared() > limit => {
                self.outgoing = Outgoing::Owed;
                self.refuse(Refusal::BodyTooLarge, out, now);
            }
            Incoming::Body(body) => {
                body.purpose = Purpose::Collect(Vec::new(), then);
                self.want_body(out);
            }
            _ => self.collected(Vec::new(), then, out, now),
        }
    }

    pub(super) fn collected(
        &mut self,
        body: Vec<u8>,
        then: Collector,
        out: &mut Vec<u8>,
        now: Now,
    ) {
        let reply = caught(|| then(body));
        self.follow(reply.unwrap_or_else(|| panicked().into()), out, now);
    }

    pub(super) fn stream(&mut self, sink: Box<dyn Sink>, out: &mut Vec<u8>, now: Now) {
        if let Incoming::Body(body) = &mut self.incoming {
            body.purpose = Purpose::Stream(SinkFeed::new(sink));
            self.want_body(out);
        } else {
            let finish = Work::blocking(move || Outcome::Reply(sink.finish()));
            self.follow(Reply::Run(finish), out, now);
        }
    }

    /// A body is wanted that has not been read so far.
    pub(super) fn want_body(&mut self, out: &mut Vec<u8>) {
        self.outgoing = Outgoing::Owed;
        self.receiving = Progress::start(self.now);
        self.again = true;
        // RFC 9110 §10.1.1: unless it is on its way already.
        if std::mem::take(&mut self.exchange.expects_continue) && !self.backlog {
            out.extend_from_slice(writer::CONTINUE);
        }
    }

    /// Gives the response to the current request.
    pub(super) fn respond(&mut self, response: Response, out: &mut Vec<u8>, now: Now) {
        let response = self.possible(response);
        self.leave_body_unread();
        let exchange = &mut self.exchange;
        let is_last = (self.drain.is_some() || self.input_closed) && !self.backlog;
        exchange.close |= response.close || is_last;
        let framing = match response.body.length() {
            _ if response.is_bodiless() => BodyFraming::None,
            Some(length) => BodyFraming::Length(length),
            None if exchange.version == Version::HTTP_11 => BodyFraming::Chunked,
            None => {
                exchange.close = true;
                BodyFraming::Close
            }
        };
        let persistence = if exchange.close { Persistence::Close } else { Persistence::KeepAlive };
        let date = self.date.at(now.wall);
        writer::write_head(out, &response, framing, persistence, exchange.version, date);
        if exchange.is_head || response.is_bodiless() {
            return self.finish();
        }
        self.outgoing = match response.body {
            Body::Bytes(bytes) if bytes.len() <= self.limits.high_water() => {
                out.extend_from_slice(&bytes);
                return self.finish();
            }
            Body::Bytes(bytes) => Outgoing::Bytes(bytes),
            Body::File(range) if range.length > 0 => Outgoing::File(range),
            Body::Empty | Body::File(_) => return self.finish(),
            Body::Stream(source) => Outgoing::Stream(Producer {
                source,
                chunked: framing == BodyFraming::Chunked,
                not_before: None,
            }),
        };
    }

    /// The response, unless it would put us and the peer out of step: an interim one is not the
    /// answer (RFC 9110 §15.2), and a success would turn a CONNECT into a tunnel (§9.3.6).
    fn possible(&self, response: Response) -> Response {
        let status = response.status();
        if status.is_informational() {
            Response::plain(StatusCode::INTERNAL_SERVER_ERROR)
        } else if self.exchange.is_connect && status.is_success() {
            Response::plain(StatusCode::NOT_IMPLEMENTED)
        } else {
            response
        }
    }

    /// The response does not need the rest of the request body. A small rest is thrown away; for
    /// the sake of a large one, or of one that was never asked for, the connection is closed.
    pub(super) fn leave_body_unread(&mut self) {
        let Incoming::Body(body) = &mut self.incoming else { return };
        if body.decoder.is_done() {
            self.incoming = Incoming::Complete;
            return;
        }
        body.purpose = Purpose::Discard;
        self.receiving = Progress::start(self.now);
        self.exchange.close |=
            self.exchange.expects_continue || body.decoder.declared() > self.limits.discard;
    }

    pub(super) fn upgrade(
        &mut self,
        response: &Response,
        mut next: Box<dyn Protocol>,
        out: &mut Vec<u8>,
        now: Now,
    ) {
        let version = self.exchange.version;
        // RFC 9110 §7.8: HTTP/1.0 knows no upgrade. A body would be taken for the new protocol.
        if version == Version::HTTP_10 || !matches!(self.incoming, Incoming::Complete) {
            return self.respond(Response::plain(StatusCode::BAD_REQUEST).close(), out, now);
        }
        let date = self.date.at(now.wall);
        writer::write_head(out, response, BodyFraming::None, Persistence::Upgrade, version, date);
        self.count();
        self.outgoing = Outgoing::Nothing;
        self.incoming = Incoming::Ignored;
        // What came before the hand-over concerns the new protocol no less.
        if self.input_closed {
            next.receive_eof(now);
        }
        if let Some((_, by)) = self.drain {
            next.shutdown(by, now);
        }
        self.next = Some(next);
    }

    /// The response is complete, as far as it is ours to write.
    pub(super) fn finish(&mut self) {
        self.outgoing = Outgoing::Nothing;
        self.count();
        if self.exchange.close {
            self.ending = Ending::Flush;
        } else {
            self.next_request();
        }
    }

    fn count(&mut self) {
        self.served += 1;
        self.answered.iter().for_each(|answered| answered(self.begun));
    }

    /// Makes ready for the next request, if this one has been read and answered.
    pub(super) fn next_request(&mut self) {
        if matches!((&self.incoming, &self.outgoing), (Incoming::Complete, Outgoing::Nothing)) {
            self.incoming = Incoming::Head(HeadScanner::default());
            self.receiving = Progress::start(self.now);
            self.again |= self.input_closed;
        }
    }

    /// Moves what is owed into the output, as far as there is room and it is time.
    pub(super) fn produce(&mut self, out: &mut Vec<u8>, now: Now) {
        loop {
            if self.is_behind(out) {
                return;
            }
            match &mut self.outgoing {
                Outgoing::Delayed(moment, _) if *moment <= now.instant => {
                    let delayed = std::mem::replace(&mut self.outgoing, Outgoing::Owed);
                    let Outgoing::Delayed(_, response) = delayed else { return };
                    self.respond(*response, out, now);
                }
                Outgoing::Bytes(bytes) => {
                    let piece = bytes.split_to(bytes.len().min(self.limits.high_water()));
                    let is_all = bytes.is_empty();
                    out.extend_from_slice(&piece);
                    if is_all {
                        self.finish();
                    }
                }
                Outgoing::Stream(producer) => match producer.produce(out, now) {
                    Produced::Some => {}
                    Produced::NotYet => return,
                    Produced::All => self.finish(),
                    // What stands before it is sent. That it has no end tells the peer that it
                    // is incomplete (RFC 9112 §8).
                    Produced::Broken => {
                        self.outgoing = Outgoing::Nothing;
                        self.ending = Ending::Flush;
                        return;
                    }
                },
                _ => return,
            }
        }
    }

    /// Work has come to its end.
    pub(super) fn settle(&mut self, ticket: Ticket, outcome: Outcome, out: &mut Vec<u8>, now: Now) {
        let is_sink = match &mut self.incoming {
            Incoming::Body(body) => match &mut body.purpose {
                Purpose::Stream(feed) if feed.ticket == Some(ticket) => Some(feed),
                _ => None,
            },
            _ => None,
        };
        let is_reply = matches!(self.outgoing, Outgoing::Working(awaited) if awaited == ticket);
        match (outcome, is_sink) {
            (Outcome::Written(written), Some(feed)) => match written.result {
                Ok(()) => {
                    feed.restore(written.sink, written.piece);
                    self.feed_sink();
                }
                Err(response) => self.respond(response, out, now),
            },
            (Outcome::Reply(reply), _) if is_reply => {
                self.outgoing = Outgoing::Owed;
                self.follow(reply, out, now);
            }
            (Outcome::Overloaded, sink) if is_reply || sink.is_some() => {
                let response = Response::plain(StatusCode::SERVICE_UNAVAILABLE)
                    .field(RETRY_AFTER, HeaderValue::from_static("1"));
                self.respond(response, out, now);
            }
            (_, sink) if is_reply || sink.is_some() => self.respond(panicked(), out, now),
            // The request was refused meanwhile, or timed out: nobody waits for this.
            _ => {}
        }
    }
}

/// The answer to a request whose handler panicked.
pub(super) fn panicked() -> Response {
    Response::plain(StatusCode::INTERNAL_SERVER_ERROR).close()
}
