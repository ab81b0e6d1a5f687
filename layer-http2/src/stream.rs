//! One stream: a request and its response (RFC 9113 §5, §8.1).

use std::collections::VecDeque;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use protocol::bytes::Bytes;
use protocol::http::{self, StatusCode};
use protocol::{
    Body, DropGuarded, Effect, Exchange, FileRange, Limits, Now, Outcome, Produced, Producer,
    Progress, ReadFile, Refusal, Refused, Response, Ticket, Tickets, Work, after,
};

use crate::head::{self, Date, Terms};

/// Most that is handed to h2, or read of a file, at once, in bytes.
const PIECE: usize = 32 << 10;

/// How long reading a file rests when there is no room for more work.
const PAUSE: Duration = Duration::from_millis(20);

/// What the streams of a connection share.
pub(crate) struct Shared {
    pub(crate) limits: Arc<Limits>,
    pub(crate) waker: Waker,
    pub(crate) now: Now,
    /// To be handed out by the connection.
    pub(crate) work: VecDeque<(Ticket, Work)>,
    /// Nothing more will come than has come.
    pub(crate) input_closed: bool,
    pub(crate) refused: Option<Refused>,
    read_file: ReadFile,
    tickets: Tickets,
    date: Date,
}

impl Shared {
    pub(crate) fn new(limits: Arc<Limits>, read_file: ReadFile, waker: Waker, now: Now) -> Self {
        Shared {
            limits,
            waker,
            now,
            work: VecDeque::new(),
            input_closed: false,
            refused: None,
            read_file,
            tickets: Tickets::default(),
            date: Date::default(),
        }
    }
}

impl Shared {
    pub(crate) fn refuse(&self, why: &dyn Display) {
        self.refused.iter().for_each(|refused| refused(why));
    }
}

pub(crate) struct Stream {
    terms: Terms,
    exchange: Exchange,
    respond: SendResponse<Bytes>,
    /// `None` once the body is complete, or nobody wants it any more.
    body: Option<RecvStream>,
    /// Content that has come and has not been taken.
    held: Bytes,
    /// How much more is certain to come, in bytes.
    declared: u64,
    /// `None` until there is a response with a body.
    send: Option<SendStream<Bytes>>,
    content: Content,
    /// Work that is under way.
    work: Option<Ticket>,
    begun: Instant,
    receiving: Progress,
    sending: Progress,
    /// Its body may not be taken into memory yet: others are at it.
    awaits_turn: bool,
    state: State,
    /// Whether the answer has been counted.
    is_counted: bool,
    /// How much has been handed over, and by how much the peer has opened the window, in bytes.
    sent: u64,
    opened: u64,
}

/// How far a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    /// The response is complete, as far as it is ours to write. A small rest of the body is thrown
    /// away: a reset would look like an error to many.
    Answered,
    /// Nothing more is to come from either side.
    Over,
    /// The peer has no use for the answer, or cannot be given it.
    Cancelled,
}

/// The rest of a response body.
enum Content {
    None,
    Bytes(Bytes),
    /// What has been read of a file, and what has not.
    File(Bytes, FileRange, Option<Instant>),
    /// What has been produced, and what has not.
    Produced(Bytes, Option<Producer>),
}

impl Stream {
    pub(crate) fn new(
        terms: Terms,
        exchange: Exchange,
        respond: SendResponse<Bytes>,
        body: RecvStream,
        now: Instant,
    ) -> Self {
        Stream {
            terms,
            exchange,
            respond,
            body: (!body.is_end_stream()).then_some(body),
            held: Bytes::new(),
            declared: terms.declared.unwrap_or(0),
            send: None,
            content: Content::None,
            work: None,
            begun: now,
            receiving: Progress::start(now),
            sending: Progress::start(now),
            awaits_turn: false,
            state: State::Open,
            is_counted: false,
            sent: 0,
            opened: 0,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.respond.stream_id().as_u32()
    }

    /// The peer has opened the window. h2 does not look at that of a stream that has been answered,
    /// which must not become too large either (RFC 9113 §6.9.1).
    pub(crate) fn open_window(&mut self, increment: u32) {
        const LARGEST: u64 = (1 << 31) - 1;
        self.opened += u64::from(increment);
        if self.state == State::Answered && self.opened > LARGEST + self.sent {
            self.respond.send_reset(Reason::FLOW_CONTROL_ERROR);
            self.leave_body();
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Whether it has been answered since this was asked last.
    pub(crate) fn count(&mut self) -> bool {
        let is_answered = matches!(self.state, State::Answered | State::Over);
        is_answered && !std::mem::replace(&mut self.is_counted, true)
    }

    /// When the head of the request was complete.
    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// Whether more of the body has to come.
    pub(crate) fn is_receiving(&self) -> bool {
        self.body.is_some() && self.held.is_empty() && self.exchange.room() > 0
    }

    /// The work that is under way.
    pub(crate) fn work(&self) -> Option<Ticket> {
        self.work
    }

    pub(crate) fn collects(&self) -> bool {
        self.exchange.collects()
    }

    pub(crate) fn collected(&self) -> usize {
        self.exchange.collected()
    }

    /// Does what the exchange wants.
    pub(crate) fn pursue(&mut self, effect: Option<Effect>, shared: &mut Shared) {
        match effect {
            Some(Effect::WantBody) => self.want_body(shared.now),
            Some(Effect::Run(work)) => {
                let ticket = self.run(work, shared);
                self.exchange.expect(ticket);
            }
            Some(Effect::Respond(response)) => self.respond(response, shared),
            // RFC 9113 §8.6: HTTP/2 knows no upgrade.
            Some(_) => self.respond(Response::plain(StatusCode::NOT_IMPLEMENTED), shared),
            None => {}
        }
    }

    fn run(&mut self, work: Work, shared: &mut Shared) -> Ticket {
        let ticket = shared.tickets.next();
        self.work = Some(ticket);
        shared.work.push_back((ticket, work));
        ticket
    }

    fn want_body(&mut self, now: Now) {
        self.receiving = Progress::start(now.instant);
        if std::mem::take(&mut self.terms.expects_continue) {
            let mut interim = http::Response::new(());
            *interim.status_mut() = StatusCode::CONTINUE;
            let _ = self.respond.send_informational(interim); // then the stream has been reset
        }
    }

    /// Goes on as far as body, windows and time allow. With `may_collect` the body may be taken
    /// into memory.
    pub(crate) fn advance(&mut self, may_collect: bool, shared: &mut Shared) {
        let mut context = Context::from_waker(&shared.waker);
        let reset = match &mut self.send {
            Some(send) => send.poll_reset(&mut context),
            None if self.state == State::Answered => Poll::Pending, // reading the body will tell
            None => self.respond.poll_reset(&mut context),
        };
        if reset.is_ready() {
            return self.cancel();
        }
        let effect = self.exchange.handle_timeout(shared.now);
        self.pursue(effect, shared);
        let has_awaited_turn = self.awaits_turn;
        self.awaits_turn = self.collects() && !may_collect;
        if !self.awaits_turn {
            if has_awaited_turn {
                self.receiving = Progress::start(shared.now.instant); // it was not the peer
            }
            self.receive(shared);
        }
        self.send(shared);
    }

    /// Takes what has come of the body, as far as there is room.
    fn receive(&mut self, shared: &mut Shared) {
        while !self.is_over()
            && let Some(body) = &mut self.body
        {
            let room = self.exchange.room();
            if room == 0 {
                return;
            }
            if self.held.is_empty() {
                match body.poll_data(&mut Context::from_waker(&shared.waker)) {
                    Poll::Ready(Some(Ok(content))) => self.held = content,
                    Poll::Ready(Some(Err(_))) => return self.cancel(),
                    Poll::Ready(None) => {
                        self.leave_body();
                        let effect = self.exchange.end(&shared.limits);
                        return self.pursue(effect, shared);
                    }
                    Poll::Pending if shared.input_closed => {
                        return self.refuse(Refusal::Incomplete, shared);
                    }
                    Poll::Pending => return,
                }
            }
            // ANCHOR: take
            let content = self.held.split_to(self.held.len().min(room));
            // The window opens again as the content is taken: that is the backpressure.
            let _ = body.flow_control().release_capacity(content.len());
            // ANCHOR_END: take
            self.declared = self.declared.saturating_sub(content.len() as u64);
            self.receiving.advance(content.len() as u64, shared.now.instant);
            let taken = self.exchange.receive(&content, self.declared, &shared.limits);
            match taken {
                Ok(()) => {
                    let effect = self.exchange.feed();
                    self.pursue(effect, shared);
                }
                Err(refusal) => self.refuse(refusal, shared),
            }
        }
    }

    /// The body is of no use any more, whatever is still to come of it: the stream is closed behind
    /// the response (RFC 9113 §8.1). An answer that is owed is this.
    fn refuse(&mut self, refusal: Refusal, shared: &mut Shared) {
        self.leave_body();
        let effect = self.exchange.refuse(refusal);
        self.pursue(effect, shared);
    }

    fn leave_body(&mut self) {
        self.body = None;
        self.held = Bytes::new();
        if self.state == State::Answered {
            self.state = State::Over;
        }
    }

    /// What has come of the request is malformed (RFC 9113 §8.1.1), even if it has been answered.
    pub(crate) fn reset_malformed(&mut self) {
        self.respond.send_reset(Reason::PROTOCOL_ERROR);
        self.leave_body();
        self.cancel();
    }

    /// The response is complete.
    fn finish(&mut self) {
        self.content = Content::None;
        self.state = if self.body.is_some() { State::Answered } else { State::Over };
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Over | State::Cancelled)
    }

    /// Gives the response.
    fn respond(&mut self, response: Response, shared: &mut Shared) {
        self.receiving = Progress::start(shared.now.instant);
        if self.terms.expects_continue || self.declared > shared.limits.max_discard {
            self.leave_body();
        }
        if let Some(refusal) = response.refusal() {
            shared.refuse(&refusal);
        }
        let response = response.possible(self.terms.is_connect);
        let (head, has_body) = head::head(&response, &self.terms, shared.date.at(shared.now.wall));
        let Ok(send) = self.respond.send_response(head, !has_body) else { return self.cancel() };
        if !has_body {
            drop(DropGuarded::new(response)); // with a body that nobody has asked for
            return self.finish();
        }
        self.send = Some(send);
        self.sending = Progress::start(shared.now.instant);
        self.content = match response.into_body() {
            Body::Empty => Content::None,
            Body::Bytes(bytes) => Content::Bytes(bytes),
            Body::File(range) => Content::File(Bytes::new(), range, None),
            Body::Stream(source) => Content::Produced(Bytes::new(), Some(Producer::new(source))),
        };
        self.send(shared);
    }

    /// Hands as much of the response body to h2 as the windows allow.
    fn send(&mut self, shared: &mut Shared) {
        while self.state == State::Open
            && self.make(shared.now)
            && let Some(room) = self.room()
        {
            let (piece, is_last) = match &mut self.content {
                Content::Produced(made, producer) if room > 0 || made.is_empty() => {
                    let piece = made.split_to(made.len().min(room));
                    (piece, made.is_empty() && producer.is_none())
                }
                _ if room == 0 => return,
                Content::None | Content::Produced(..) => return,
                Content::Bytes(bytes) => {
                    let piece = bytes.split_to(bytes.len().min(room));
                    (piece, bytes.is_empty())
                }
                Content::File(read, range, pause) if read.is_empty() => {
                    if self.work.is_some() || pause.is_some_and(|at| shared.now.instant < at) {
                        return;
                    }
                    *pause = None;
                    let work = range.clone().read(PIECE, shared.read_file);
                    self.run(work, shared);
                    return;
                }
                Content::File(read, range, _) => {
                    let piece = read.split_to(read.len().min(room));
                    (piece, read.is_empty() && range.length == 0)
                }
            };
            self.sent += piece.len() as u64;
            self.sending.advance(piece.len() as u64, shared.now.instant);
            let Some(send) = &mut self.send else { return };
            if send.send_data(piece, is_last).is_err() {
                return self.cancel();
            }
            if is_last {
                self.finish();
            }
        }
    }

    /// Makes the next piece of a body that is being produced, if the last one is gone and it is
    /// time. Returns whether there is something to send, an empty last piece included.
    fn make(&mut self, now: Now) -> bool {
        let Content::Produced(made, producer) = &mut self.content else { return true };
        if !made.is_empty() {
            return true;
        }
        let is_made = produce(made, producer, now);
        if is_made {
            self.sending = Progress::start(now.instant); // the last one has been taken whole
        } else if producer.is_none() {
            self.break_off();
        }
        is_made
    }

    /// How much may be handed to h2 now, in bytes, if there is a body to send. No more is reserved
    /// of the connection's window than can be used at once: others wait for it.
    fn room(&mut self) -> Option<usize> {
        let send = self.send.as_mut()?;
        let wanted = match &self.content {
            Content::None => return None,
            Content::Bytes(bytes) => bytes.len(),
            Content::File(read, ..) => read.len().max(1), // to know whether to read
            Content::Produced(made, _) => made.len(),
        };
        send.reserve_capacity(wanted.min(PIECE));
        Some(send.capacity().min(PIECE))
    }

    /// The response cannot be completed.
    fn break_off(&mut self) {
        self.respond.send_reset(Reason::INTERNAL_ERROR);
        self.cancel();
    }

    fn cancel(&mut self) {
        self.content = Content::None;
        self.state = if self.state == State::Open { State::Cancelled } else { State::Over };
    }

    /// The work has come to this.
    pub(crate) fn complete(&mut self, ticket: Ticket, outcome: Outcome, shared: &mut Shared) {
        self.work = None;
        let Content::File(read, range, pause) = &mut self.content else {
            if self.exchange.room() == 0 {
                self.receiving = Progress::start(shared.now.instant); // reading was held up
            }
            let effect = self.exchange.complete(ticket, outcome, &shared.limits);
            return self.pursue(effect, shared);
        };
        let piece = match outcome {
            Outcome::Other(piece) => piece.downcast::<io::Result<Vec<u8>>>().ok(),
            Outcome::Overloaded => {
                self.sending = Progress::start(shared.now.instant); // it was not the peer
                return *pause = Some(after(shared.now.instant, PAUSE));
            }
            _ => None,
        };
        match piece.map(|piece| *piece) {
            Some(Ok(bytes)) if !bytes.is_empty() => {
                range.offset += bytes.len() as u64;
                range.length = range.length.saturating_sub(bytes.len() as u64);
                *read = bytes.into();
                self.sending = Progress::start(shared.now.instant); // it was not the peer
                self.send(shared);
            }
            _ => self.break_off(),
        }
    }

    /// When the peer has to have sent more of the body.
    fn receive_deadline(&self, limits: &Limits) -> Option<Instant> {
        let is_awaited = self.is_receiving() && !self.awaits_turn;
        is_awaited.then(|| after(self.receiving.since(), limits.body_timeout))
    }

    /// When the peer has to have opened its window.
    fn send_deadline(&self, limits: &Limits) -> Option<Instant> {
        let is_sending = match &self.content {
            Content::None => false,
            Content::Bytes(_) => true,
            Content::File(_, _, pause) => self.work.is_none() && pause.is_none(),
            Content::Produced(made, _) => !made.is_empty(),
        };
        is_sending.then(|| after(self.sending.since(), limits.write_timeout))
    }

    /// When something of our own is due.
    fn own_deadline(&self) -> Option<Instant> {
        match &self.content {
            Content::File(_, _, pause) => *pause,
            // Before the last piece is gone, no other is made.
            Content::Produced(made, Some(producer)) if made.is_empty() => producer.not_before(),
            _ => self.exchange.deadline(),
        }
    }

    /// When to call [`Stream::handle_timeout`].
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        [self.receive_deadline(limits), self.send_deadline(limits), self.own_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Ends what has taken too long, and goes on with what is due.
    pub(crate) fn handle_timeout(&mut self, shared: &mut Shared) {
        let now = shared.now.instant;
        if let Content::File(_, _, pause) = &mut self.content {
            pause.take_if(|at| *at <= now);
        }
        if self.send_deadline(&shared.limits).is_some_and(|at| at <= now) {
            self.respond.send_reset(Reason::CANCEL);
            self.cancel();
        } else if self.receive_deadline(&shared.limits).is_some_and(|at| at <= now) {
            self.refuse(Refusal::Timeout, shared); // RFC 9110 §15.5.9
        }
    }
}

/// Makes the next piece, if it is time. Returns whether there is something to send, an empty last
/// piece included. Without a producer, and with nothing to send, it is broken.
fn produce(made: &mut Bytes, producer: &mut Option<Producer>, now: Now) -> bool {
    let Some(source) = producer.as_mut().filter(|source| source.is_due(now.instant)) else {
        return false;
    };
    let mut piece = Vec::new();
    let produced = source.produce(&mut piece, now);
    if matches!(produced, Produced::All | Produced::Broken) {
        *producer = None;
    }
    *made = piece.into();
    match produced {
        Produced::All => true,
        Produced::Broken => false,
        Produced::Some | Produced::NotYet => !made.is_empty(),
    }
}
