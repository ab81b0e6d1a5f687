//! One stream: a request and its response (RFC 9113 §5, §8.1).

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use protocol::bytes::Bytes;
use protocol::http::{self, HeaderMap, StatusCode};
use protocol::{
    Body, Cut, DropGuarded, Effect, Exchange, FileRange, FileReader, Limits, Now, Observation,
    Outcome, Piece, Produced, Producer, Progress, ReadFile, Refusal, Response, Service, Ticket,
    Tickets, WaitsFor, Work, after, earliest, is_due,
};

use crate::head::{self, Begun, Date, Terms, has_white_space_around};
use crate::state::State;

/// Most that is handed to h2, or read of a file, at once, in bytes.
const PIECE: usize = 32 << 10;

/// What the streams of a connection share.
pub(crate) struct Shared {
    pub(crate) service: Service,
    pub(crate) waker: Waker,
    pub(crate) now: Now,
    /// To be handed out by the connection.
    pub(crate) work: VecDeque<(Ticket, Work)>,
    /// How many streams have been answered since the connection looked.
    pub(crate) answered: usize,
    /// Whether there has been a stream that is observed.
    pub(crate) is_observed: bool,
    /// Whether nothing more will come than has come.
    pub(crate) input_closed: bool,
    read_file: ReadFile,
    tickets: Tickets,
    date: Date,
}

impl Shared {
    pub(crate) fn new(service: Service, read_file: ReadFile, waker: Waker, now: Now) -> Self {
        Shared {
            service,
            waker,
            now,
            work: VecDeque::new(),
            answered: 0,
            is_observed: false,
            input_closed: false,
            read_file,
            tickets: Tickets::default(),
            date: Date::default(),
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.service.limits
    }
}

/// A request and its response.
pub(crate) struct Stream {
    terms: Terms,
    exchange: Exchange,
    respond: SendResponse<Bytes>,
    input: Input,
    output: Output,
    /// Work that is under way.
    work: Option<Ticket>,
    observation: Option<Observation>,
    state: State,
}

/// The request body.
struct Input {
    /// `None` once the body is complete, or nobody wants it any more.
    body: Option<RecvStream>,
    /// Content that has come and has not been taken.
    held: Bytes,
    /// How much more is certain to come, in bytes.
    declared: u64,
    progress: Progress,
    /// Whether the body may not be taken into memory yet, because other streams take theirs.
    awaits_turn: bool,
}

/// The response body.
struct Output {
    /// `None` until there is a response with a body.
    send: Option<SendStream<Bytes>>,
    content: Content,
    /// What is to be sent behind the last piece.
    trailers: HeaderMap,
    progress: Progress,
    /// How much has been handed over, and by how much the client has opened the window, in bytes.
    sent: u64,
    opened: u64,
}

/// The rest of a response body.
enum Content {
    None,
    Bytes(Bytes),
    /// What has been read of a file, and what has not.
    File {
        read: Bytes,
        range: FileRange,
        reader: FileReader,
    },
    /// What has been produced, and what has not.
    Produced(Bytes, Option<Producer>),
}

impl Stream {
    pub(crate) fn new(
        begun: Begun,
        respond: SendResponse<Bytes>,
        body: RecvStream,
        now: Instant,
    ) -> (Self, Option<Effect>) {
        let Begun { terms, exchange, effect, observation } = begun;
        let stream = Stream {
            terms,
            exchange,
            respond,
            input: Input {
                body: (!body.is_end_stream()).then_some(body),
                held: Bytes::new(),
                declared: terms.declared.unwrap_or(0),
                progress: Progress::start(now),
                awaits_turn: false,
            },
            output: Output {
                send: None,
                content: Content::None,
                trailers: HeaderMap::new(),
                progress: Progress::start(now),
                sent: 0,
                opened: 0,
            },
            work: None,
            observation,
            state: State::Open,
        };
        (stream, effect)
    }

    pub(crate) fn id(&self) -> u32 {
        self.respond.stream_id().as_u32()
    }

    /// The client has opened the window. h2 does not look at that of a stream that has been
    /// answered, which must not become too large either (RFC 9113 §6.9.1).
    pub(crate) fn open_window(&mut self, increment: u32) {
        const LARGEST: u64 = (1 << 31) - 1;
        self.output.opened += u64::from(increment);
        if self.state == State::Answered && self.output.opened > LARGEST + self.output.sent {
            self.respond.send_reset(Reason::FLOW_CONTROL_ERROR);
            self.leave_body();
        }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Whether more of the body has to come.
    pub(crate) fn is_receiving(&self) -> bool {
        self.input.body.is_some() && self.input.held.is_empty() && self.exchange.room() > 0
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
        self.input.progress = Progress::start(now.instant);
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
        let reset = match &mut self.output.send {
            Some(send) => send.poll_reset(&mut context),
            None if self.state == State::Answered => Poll::Pending, // reading the body will tell
            None => self.respond.poll_reset(&mut context),
        };
        if reset.is_ready() {
            return self.cancel();
        }
        let effect = self.exchange.handle_timeout(shared.now);
        self.pursue(effect, shared);
        let has_awaited_turn = self.input.awaits_turn;
        self.input.awaits_turn = self.collects() && !may_collect;
        if !self.input.awaits_turn {
            if has_awaited_turn {
                self.input.progress = Progress::start(shared.now.instant); // it was not the peer
            }
            self.receive(shared);
        }
        self.send(shared);
    }

    /// Takes what has come of the body, as far as there is room.
    fn receive(&mut self, shared: &mut Shared) {
        while !self.is_over()
            && let Some(body) = &mut self.input.body
        {
            let room = self.exchange.room();
            if room == 0 {
                return;
            }
            if self.input.held.is_empty() {
                match body.poll_data(&mut Context::from_waker(&shared.waker)) {
                    Poll::Ready(Some(Ok(content))) => self.input.held = content,
                    Poll::Ready(Some(Err(_))) => return self.cancel(),
                    Poll::Ready(None) => return self.end_body(shared),
                    Poll::Pending if shared.input_closed => {
                        return self.refuse(Refusal::Incomplete, shared);
                    }
                    Poll::Pending => return,
                }
            }
            let content = self.input.held.split_to(self.input.held.len().min(room));
            // The window opens again as the content is taken: that is the backpressure.
            let _ = body.flow_control().release_capacity(content.len());
            self.input.declared = self.input.declared.saturating_sub(content.len() as u64);
            self.input.progress.advance(content.len() as u64, shared.now.instant);
            let taken = self.exchange.receive(&content, self.input.declared, shared.limits());
            match taken {
                Ok(()) => {
                    let effect = self.exchange.feed();
                    self.pursue(effect, shared);
                }
                Err(refusal) => self.refuse(refusal, shared),
            }
        }
    }

    /// No more content comes, but perhaps trailers.
    fn end_body(&mut self, shared: &mut Shared) {
        let Some(body) = &mut self.input.body else { return };
        match body.poll_trailers(&mut Context::from_waker(&shared.waker)) {
            Poll::Ready(Ok(Some(trailers))) => {
                // RFC 9113 §8.2.1
                if trailers.values().any(has_white_space_around) {
                    shared.service.refused_as("http2", &"HTTP/2: a malformed trailer field");
                    return self.reset_malformed();
                }
                self.exchange.receive_trailers(trailers);
            }
            Poll::Ready(Ok(None)) => {}
            Poll::Ready(Err(_)) => return self.cancel(),
            Poll::Pending => return,
        }
        self.leave_body();
        let effect = self.exchange.end(shared.limits());
        self.pursue(effect, shared);
    }

    /// The body is of no use any more, whatever is still to come of it: the stream is closed behind
    /// the response (RFC 9113 §8.1). An answer that is owed is this.
    fn refuse(&mut self, refusal: Refusal, shared: &mut Shared) {
        self.leave_body();
        let effect = self.exchange.refuse(refusal);
        self.pursue(effect, shared);
    }

    fn leave_body(&mut self) {
        self.input.body = None;
        self.input.held = Bytes::new();
        if self.state == State::Answered {
            self.state.enter(State::Over);
        }
    }

    /// What has come of the request is malformed (RFC 9113 §8.1.1), even if it has been answered.
    pub(crate) fn reset_malformed(&mut self) {
        self.respond.send_reset(Reason::PROTOCOL_ERROR);
        self.leave_body();
        self.cancel();
    }

    /// The response is complete.
    fn finish(&mut self, shared: &mut Shared) {
        self.output.content = Content::None;
        self.state.enter(if self.input.body.is_some() { State::Answered } else { State::Over });
        shared.answered += 1;
        if let Some(mut observation) = self.observation.take() {
            observation.received(self.exchange.received());
            observation.sent(self.output.sent);
            observation.finish();
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Over | State::Cancelled)
    }

    /// Gives the response.
    fn respond(&mut self, response: Response, shared: &mut Shared) {
        self.input.progress = Progress::start(shared.now.instant);
        if self.terms.expects_continue || self.input.declared > shared.limits().max_discard {
            self.leave_body();
        }
        if let Some(refusal) = response.refusal() {
            shared.service.refused(refusal);
        }
        let refusal = response.refusal();
        let response = response.checked(self.terms.is_connect);
        if let Some(observation) = &mut self.observation {
            observation.respond(response.status(), refusal);
        }
        let (head, has_body) = head::head(&response, &self.terms, shared.date.at(shared.now.wall));
        let Ok(send) = self.respond.send_response(head, !has_body) else { return self.cancel() };
        if !has_body {
            drop(DropGuarded::new(response)); // with a body that nobody has asked for
            return self.finish(shared);
        }
        self.output.send = Some(send);
        self.output.progress = Progress::start(shared.now.instant);
        self.output.content = match response.into_body() {
            Body::Empty => Content::None,
            Body::Bytes(bytes) => Content::Bytes(bytes),
            Body::File(range) => {
                Content::File { read: Bytes::new(), range, reader: FileReader::default() }
            }
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
            let (piece, is_last) = match &mut self.output.content {
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
                Content::File { read, range, reader } if read.is_empty() => {
                    let now = shared.now.instant;
                    if let Some(work) = reader.begin(range, PIECE, shared.read_file, now) {
                        self.run(work, shared);
                    }
                    return;
                }
                Content::File { read, range, .. } => {
                    let piece = read.split_to(read.len().min(room));
                    (piece, read.is_empty() && range.length == 0)
                }
            };
            self.output.sent += piece.len() as u64;
            self.output.progress.advance(piece.len() as u64, shared.now.instant);
            let Some(send) = &mut self.output.send else { return };
            let has_trailers = is_last && !self.output.trailers.is_empty();
            let mut sent = send.send_data(piece, is_last && !has_trailers);
            if has_trailers {
                let trailers = std::mem::take(&mut self.output.trailers);
                sent = sent.and_then(|()| send.send_trailers(trailers));
            }
            if sent.is_err() {
                return self.cancel();
            }
            if is_last {
                self.finish(shared);
            }
        }
    }

    /// Makes the next piece of a body that is being produced, if the last one is gone and it is
    /// time. Returns whether there is something to send, an empty last piece included.
    fn make(&mut self, now: Now) -> bool {
        let Content::Produced(made, producer) = &mut self.output.content else { return true };
        if !made.is_empty() {
            return true;
        }
        let is_made = produce(made, producer, &mut self.output.trailers, now);
        if is_made {
            // The last one has been taken whole.
            self.output.progress = Progress::start(now.instant);
        } else if producer.is_none() {
            self.break_off();
        }
        is_made
    }

    /// How much may be handed to h2 now, in bytes, if there is a body to send. No more is reserved
    /// of the connection's window than can be used at once: others wait for it.
    fn room(&mut self) -> Option<usize> {
        let send = self.output.send.as_mut()?;
        let wanted = match &self.output.content {
            Content::None => return None,
            Content::Bytes(bytes) => bytes.len(),
            Content::File { read, .. } => read.len().max(1), // to know whether to read
            Content::Produced(made, _) => made.len(),
        };
        send.reserve_capacity(wanted.min(PIECE));
        Some(send.capacity().min(PIECE))
    }

    /// The response cannot be completed.
    fn break_off(&mut self) {
        self.respond.send_reset(Reason::INTERNAL_ERROR);
        self.cut(Cut::Broken);
        self.output.content = Content::None;
        if matches!(self.state, State::Open | State::Answered) {
            self.state.enter(State::Over); // not `Cancelled`: it was not the client
        }
    }

    fn cancel(&mut self) {
        self.output.content = Content::None;
        match self.state {
            State::Open => self.state.enter(State::Cancelled),
            State::Answered => self.state.enter(State::Over),
            State::Over | State::Cancelled => {}
        }
    }

    /// The work has come to this.
    pub(crate) fn complete(&mut self, ticket: Ticket, outcome: Outcome, shared: &mut Shared) {
        self.work = None;
        let now = shared.now.instant;
        let Content::File { read, range, reader } = &mut self.output.content else {
            if self.exchange.room() == 0 {
                self.input.progress = Progress::start(now); // reading was held up
            }
            let effect = self.exchange.complete(ticket, outcome, shared.limits());
            return self.pursue(effect, shared);
        };
        self.output.progress = Progress::start(now); // it was not the client that was slow
        match reader.complete(outcome, now) {
            Piece::Bytes(bytes) => {
                range.offset += bytes.len() as u64;
                range.length = range.length.saturating_sub(bytes.len() as u64);
                *read = bytes.into();
                self.send(shared);
            }
            Piece::Later => {}
            Piece::Failed => self.break_off(),
        }
    }

    /// When the client has to have sent more of the body.
    fn receive_deadline(&self, limits: &Limits) -> Option<Instant> {
        let is_awaited = self.is_receiving() && !self.input.awaits_turn;
        is_awaited.then(|| after(self.input.progress.since(), limits.body_timeout))
    }

    /// When the client has to have opened its window.
    fn send_deadline(&self, limits: &Limits) -> Option<Instant> {
        let is_sending = match &self.output.content {
            Content::None => false,
            Content::Bytes(_) => true,
            Content::File { reader, .. } => reader.is_idle(),
            Content::Produced(made, _) => !made.is_empty(),
        };
        is_sending.then(|| after(self.output.progress.since(), limits.write_timeout))
    }

    /// When something of our own is due.
    fn own_deadline(&self) -> Option<Instant> {
        match &self.output.content {
            Content::File { reader, .. } => reader.deadline(),
            // Before the last piece is gone, no other is made.
            Content::Produced(made, Some(producer)) if made.is_empty() => producer.not_before(),
            _ => self.exchange.deadline(),
        }
    }

    /// When to call [`Stream::handle_timeout`].
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        earliest([self.receive_deadline(limits), self.send_deadline(limits), self.own_deadline()])
    }

    /// Ends what has taken too long, and goes on with what is due.
    pub(crate) fn handle_timeout(&mut self, shared: &mut Shared) {
        let now = shared.now.instant;
        if let Content::File { reader, .. } = &mut self.output.content {
            reader.handle_timeout(now);
        }
        if is_due(self.send_deadline(shared.limits()), now) {
            self.respond.send_reset(Reason::CANCEL);
            let why = "the response was not taken in time";
            shared.service.refused_as("write-timeout", &why);
            self.cut(Cut::Timeout);
            self.cancel();
        } else if is_due(self.receive_deadline(shared.limits()), now) {
            self.refuse(Refusal::Timeout, shared); // RFC 9110 §15.5.9
        }
    }
}

/// What is observed of a stream.
impl Stream {
    pub(crate) fn pass(&mut self, now: Instant) {
        self.observation.iter_mut().for_each(|it| it.pass(now));
    }

    pub(crate) fn begin_wait(&mut self, now: Instant) {
        self.observation.iter_mut().for_each(|it| it.begin_wait(now));
    }

    pub(crate) fn cut(&mut self, cut: Cut) {
        self.observation.iter_mut().for_each(|it| it.cut(cut));
    }

    /// Nothing is to be done for it but to wait.
    pub(crate) fn observe_wait(&mut self) {
        let waits_for = self.waits_for();
        let Some(observation) = &mut self.observation else { return };
        observation.received(self.exchange.received());
        observation.sent(self.output.sent);
        observation.waits_for(Some(waits_for));
    }

    /// In the order in which statistics count connections.
    fn waits_for(&self) -> WaitsFor {
        match &self.output.content {
            _ if self.work.is_some() => WaitsFor::Work,
            Content::Bytes(_) => WaitsFor::Room,
            Content::File { read, .. } if !read.is_empty() => WaitsFor::Room,
            Content::Produced(made, _) if !made.is_empty() => WaitsFor::Room,
            Content::None if self.is_receiving() => WaitsFor::Input,
            _ => WaitsFor::Time,
        }
    }
}

/// Makes the next piece, if it is time. Returns whether there is something to send, an empty last
/// piece included. Without a producer, and with nothing to send, it is broken.
fn produce(
    made: &mut Bytes,
    producer: &mut Option<Producer>,
    trailers: &mut HeaderMap,
    now: Now,
) -> bool {
    let Some(source) = producer.as_mut().filter(|source| source.is_due(now.instant)) else {
        return false;
    };
    let mut piece = Vec::new();
    let produced = source.produce(&mut piece, now);
    if matches!(produced, Produced::All | Produced::Broken) {
        *trailers = source.take_trailers().unwrap_or_default();
        *producer = None;
    }
    *made = piece.into();
    match produced {
        Produced::All => true,
        Produced::Broken => false,
        Produced::Some | Produced::NotYet => !made.is_empty(),
    }
}
