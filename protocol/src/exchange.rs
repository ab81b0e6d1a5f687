//! One request and its response, apart from how they are framed: what all versions of HTTP have in
//! common. It follows the handler's [`Reply`] until there is a response, takes the request body in
//! on the way, and says what is to be done.
//!
//! ```text
//! Intake  Undecided ─► Collect / Stream ─► Discard
//! Answer  Owed ─► (the body, work) ─► Delayed ─► Given
//! ```

use std::time::Instant;

use http::header::{HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};

use crate::clock::Now;
use crate::guard::{DropGuarded, catch_panic};
use crate::handler::{Collector, Handler, Reply};
use crate::limits::Limits;
use crate::protocol::Protocol;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::response::Response;
use crate::sink_feed::SinkFeed;
use crate::work::{Outcome, Ticket, Work, Written};

/// One request on its way to its response.
///
/// A version of HTTP begins one when a head is complete and gives it the content of the body as
/// far as there is [room](Exchange::room). What comes of a call is at most one [`Effect`].
///
/// ```
/// use protocol::{Effect, Exchange, Limits, Reply};
/// let limits = Limits::default();
/// let reply = Reply::collect(|body| format!("{} bytes\n", body.len()));
/// let (mut exchange, effect) = Exchange::new(reply, Some(5), &limits);
/// assert!(matches!(effect, Some(Effect::WantBody)));
/// exchange.receive(b"hello", 0, &limits).unwrap();
/// let Some(Effect::Respond(response)) = exchange.end(&limits) else { panic!() };
/// assert_eq!(response.status(), 200);
/// ```
pub struct Exchange {
    intake: Intake,
    answer: Answer,
    /// Content of the body so far, and what is certain to come of it yet, in bytes.
    received: u64,
    declared: u64,
    /// Whether the body is complete.
    ended: bool,
    /// What has come behind the body.
    trailers: Option<Box<HeaderMap>>,
    /// Names the work that is under way. There is one piece of it at most.
    ticket: Option<Ticket>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("received", &self.received)
            .field("ended", &self.ended)
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}

// ANCHOR: effect
/// What an [`Exchange`] wants done.
#[derive(Debug)]
#[non_exhaustive]
pub enum Effect {
    /// The body is wanted that has not been read so far (RFC 9110 §10.1.1).
    WantBody,
    /// Have this done under a ticket, of which [`Exchange::expect`] is told, and bring what comes
    /// of it to [`Exchange::complete`].
    Run(Work),
    /// Give this response.
    Respond(Response),
    /// Give this response and hand the connection over.
    Upgrade(Box<Response>, Box<dyn Protocol>),
}
// ANCHOR_END: effect

/// What is done with the body.
enum Intake {
    /// The handler has not said: nothing is read.
    Undecided,
    Discard,
    Collect(DropGuarded<Box<(Vec<u8>, Collector)>>),
    Stream(Box<SinkFeed>),
}

/// Where the answer stands.
enum Answer {
    /// It depends on the body, or on work.
    Owed,
    /// The response is there, its moment is not.
    Delayed(Instant, DropGuarded<Box<Response>>),
    Given,
}

impl Exchange {
    /// One that needs nothing any more.
    pub(crate) const OVER: Exchange = Exchange {
        intake: Intake::Discard,
        answer: Answer::Given,
        received: 0,
        declared: 0,
        ended: true,
        trailers: None,
        ticket: None,
    };

    // ANCHOR: begin
    /// Asks the handler. The request has a body if `body` says how much of it is certain to come.
    pub fn begin(
        handler: &dyn Handler,
        request: &Request<'_>,
        body: Option<u64>,
        limits: &Limits,
    ) -> (Self, Option<Effect>) {
        let reply = catch_panic(|| handler.handle(request));
        Exchange::new(reply.unwrap_or_else(|| panicked().into()), body, limits)
    }
    // ANCHOR_END: begin

    /// A request that has been replied to in this way.
    #[must_use]
    pub fn new(reply: Reply, body: Option<u64>, limits: &Limits) -> (Self, Option<Effect>) {
        let mut exchange = Exchange::unanswered(body);
        let effect = exchange.follow(reply, limits);
        (exchange, effect)
    }

    /// A request that no handler has seen.
    #[must_use]
    pub fn unanswered(body: Option<u64>) -> Self {
        Exchange {
            intake: Intake::Undecided,
            answer: Answer::Owed,
            declared: body.unwrap_or(0),
            ended: body.is_none(),
            ..Exchange::OVER
        }
    }

    /// How much content may be given now, in bytes; with none, the peer has to wait.
    #[must_use]
    pub fn room(&self) -> usize {
        match &self.intake {
            _ if self.ended => 0,
            Intake::Undecided => 0,
            Intake::Discard | Intake::Collect(_) => usize::MAX,
            Intake::Stream(feed) => feed.room(),
        }
    }

    /// How much of the body is held in memory to be handed over whole, in bytes.
    #[must_use]
    pub fn collected(&self) -> usize {
        match &self.intake {
            Intake::Collect(collected) => collected.0.len(),
            _ => 0,
        }
    }

    /// Whether the body is being collected in memory.
    #[must_use]
    pub fn collects(&self) -> bool {
        matches!(self.intake, Intake::Collect(_))
    }

    /// Takes content of the body, no more than there is room for. `declared` bytes of it are
    /// certain to follow.
    ///
    /// # Errors
    /// [`Refusal::BodyTooLarge`] if it is longer than it may be: what is declared counts, so that
    /// a body that cannot be taken is not waited for.
    pub fn receive(
        &mut self,
        content: &[u8],
        declared: u64,
        limits: &Limits,
    ) -> Result<(), Refusal> {
        self.received += content.len() as u64;
        self.declared = declared;
        let limit = match &mut self.intake {
            Intake::Undecided => 0,
            Intake::Discard => limits.max_discard,
            Intake::Collect(collected) => {
                if self.received <= limits.max_collect as u64 {
                    collected.0.extend_from_slice(content);
                }
                limits.max_body.min(limits.max_collect as u64)
            }
            Intake::Stream(feed) => {
                feed.add(content);
                limits.max_body
            }
        };
        if self.received.saturating_add(declared) > limit {
            return Err(Refusal::BodyTooLarge);
        }
        Ok(())
    }

    /// Sends the sink, if there is one and it is here, to work on what has come for it.
    #[must_use]
    pub fn feed(&mut self) -> Option<Effect> {
        match &mut self.intake {
            Intake::Stream(feed) if self.ended => feed.finish(&mut self.trailers).map(Effect::Run),
            Intake::Stream(feed) => feed.write().map(Effect::Run),
            _ => None,
        }
    }

    /// These fields stand behind the body (RFC 9110 §6.5), which ends with them.
    pub fn receive_trailers(&mut self, trailers: HeaderMap) {
        self.trailers = Some(Box::new(trailers));
    }

    /// The body is complete.
    #[must_use]
    pub fn end(&mut self, limits: &Limits) -> Option<Effect> {
        self.ended = true;
        self.declared = 0;
        if !self.collects() {
            return self.feed();
        }
        match std::mem::replace(&mut self.intake, Intake::Discard) {
            Intake::Collect(collected) => {
                let (body, then) = *collected.into_inner();
                self.hand_over(body, then, limits)
            }
            _ => None,
        }
    }

    /// The work of [`Effect::Run`] has this ticket.
    pub fn expect(&mut self, ticket: Ticket) {
        self.ticket = Some(ticket);
    }

    /// The work has come to this. Nobody waits any more for that of another exchange, or of one
    /// that has been answered without it.
    #[must_use]
    pub fn complete(
        &mut self,
        ticket: Ticket,
        outcome: Outcome,
        limits: &Limits,
    ) -> Option<Effect> {
        let outcome = DropGuarded::new(outcome);
        if self.ticket != Some(ticket) {
            return None;
        }
        self.ticket = None;
        match (outcome.into_inner(), &mut self.intake) {
            (Outcome::Written(Written { sink, piece, result }), Intake::Stream(feed)) => {
                match result {
                    Ok(()) => {
                        feed.restore(sink, piece);
                        self.feed()
                    }
                    Err(response) => self.answer(response),
                }
            }
            (Outcome::Reply(reply), _) => self.follow(reply, limits),
            (Outcome::Overloaded, _) => self.answer(
                Response::plain(StatusCode::SERVICE_UNAVAILABLE)
                    .field(RETRY_AFTER, HeaderValue::from_static("1")),
            ),
            _ => self.answer(panicked()),
        }
    }

    /// Gives up what is under way, to answer with this, unless the answer has been given.
    #[must_use]
    pub fn refuse(&mut self, refusal: Refusal) -> Option<Effect> {
        if self.is_answered() { None } else { self.answer(refusal.into()) }
    }

    /// The moment of [`Exchange::deadline`] has come. Too early a call does nothing.
    #[must_use]
    pub fn handle_timeout(&mut self, now: Now) -> Option<Effect> {
        if self.deadline().is_none_or(|moment| moment > now.instant) {
            return None;
        }
        match std::mem::replace(&mut self.answer, Answer::Owed) {
            Answer::Delayed(_, response) => self.answer(*response.into_inner()),
            _ => None,
        }
    }

    /// When to call [`Exchange::handle_timeout`], if nothing else happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match &self.answer {
            Answer::Delayed(moment, _) => Some(*moment),
            _ => None,
        }
    }

    /// Whether the response has been given.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        matches!(self.answer, Answer::Given)
    }

    /// Whether the body is complete.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Content of the body that has come, in bytes.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Whether work is under way for it.
    pub(crate) fn is_working(&self) -> bool {
        self.ticket.is_some()
    }

    /// How much of the body is certain to come yet, in bytes.
    pub(crate) fn declared(&self) -> u64 {
        self.declared
    }

    /// Does what a handler wants.
    fn follow(&mut self, reply: Reply, limits: &Limits) -> Option<Effect> {
        match reply {
            Reply::Respond(response) => self.answer(response),
            Reply::RespondAt(moment, response) => {
                self.answer = Answer::Delayed(moment, DropGuarded::new(response));
                None
            }
            Reply::Run(work) => Some(Effect::Run(work)),
            Reply::Collect(then) if self.ended => self.hand_over(Vec::new(), then, limits),
            Reply::Collect(_) if self.declared > limits.max_collect as u64 => {
                self.answer(Refusal::BodyTooLarge.into())
            }
            Reply::Collect(then) => {
                self.take_body(Intake::Collect(DropGuarded::new(Box::new((Vec::new(), then)))))
            }
            Reply::Stream(sink) if self.ended => {
                Some(Effect::Run(Work::blocking(move || Outcome::Reply(sink.finish()))))
            }
            Reply::Stream(sink) => self.take_body(Intake::Stream(Box::new(SinkFeed::new(sink)))),
            Reply::Upgrade(response, next) => {
                self.give();
                Some(Effect::Upgrade(response, next))
            }
        }
    }

    fn answer(&mut self, response: Response) -> Option<Effect> {
        self.give();
        Some(Effect::Respond(response))
    }

    /// Nothing is needed any more for the answer.
    fn give(&mut self) {
        self.answer = Answer::Given;
        self.intake = Intake::Discard;
        self.ticket = None;
    }

    fn take_body(&mut self, intake: Intake) -> Option<Effect> {
        self.intake = intake;
        Some(Effect::WantBody)
    }

    fn hand_over(&mut self, body: Vec<u8>, then: Collector, limits: &Limits) -> Option<Effect> {
        let trailers = self.trailers.take().map_or_else(HeaderMap::new, |it| *it);
        let reply = catch_panic(|| then(body, trailers));
        self.follow(reply.unwrap_or_else(|| panicked().into()), limits)
    }
}

/// The answer to a request whose handler panicked.
fn panicked() -> Response {
    Response::plain(StatusCode::INTERNAL_SERVER_ERROR).close()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::clock;
    use crate::handler::Sink;

    fn limits() -> Limits {
        Limits { max_collect: 100, max_body: 1 << 20, max_discard: 50, ..Limits::default() }
    }

    fn exchange(reply: impl Into<Reply>, body: Option<u64>) -> (Exchange, Option<Effect>) {
        Exchange::new(reply.into(), body, &limits())
    }

    fn status(effect: Option<Effect>) -> u16 {
        match effect {
            Some(Effect::Respond(response)) => response.status().as_u16(),
            _ => panic!("no response"),
        }
    }

    /// Has the work done that is wanted.
    fn work(exchange: &mut Exchange, effect: Option<Effect>) -> Option<Effect> {
        let Some(Effect::Run(Work::Blocking(job))) = effect else { panic!("no work") };
        exchange.expect(Ticket(1));
        exchange.complete(Ticket(1), job.run(), &limits())
    }

    struct Length(u64);

    impl Sink for Length {
        fn write(&mut self, piece: &[u8]) -> Result<(), Response> {
            self.0 += piece.len() as u64;
            Ok(())
        }

        fn finish(self: Box<Self>) -> Reply {
            format!("{}", self.0).into()
        }
    }

    /// A sink that panics when it is dropped.
    struct Bomb;

    impl Sink for Bomb {
        fn write(&mut self, _: &[u8]) -> Result<(), Response> {
            Ok(())
        }

        fn finish(self: Box<Self>) -> Reply {
            "never".into()
        }
    }

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("as the test will have it");
        }
    }

    #[test]
    fn no_content_is_taken_before_the_handler_has_replied() {
        let (mut exchange, effect) =
            exchange(Reply::blocking(|| Reply::collect(|_| "done")), Some(5));
        assert_eq!(exchange.room(), 0);
        assert!(matches!(work(&mut exchange, effect), Some(Effect::WantBody)));
        assert!(exchange.collects() && exchange.room() == usize::MAX);
        exchange.receive(b"hello", 0, &limits()).unwrap();
        assert_eq!(exchange.collected(), 5);
        assert_eq!(status(exchange.end(&limits())), 200);
        assert!(exchange.is_answered() && exchange.has_ended() && exchange.room() == 0);
        assert_eq!((exchange.collected(), exchange.collects()), (0, false));
    }

    #[test]
    fn a_declared_length_that_is_too_large_is_refused_before_the_body_comes() {
        let (_, effect) = exchange(Reply::collect(|_| "done"), Some(101));
        assert_eq!(status(effect), 413);
        let (mut exchange, _) = exchange(Reply::collect(|_| "done"), Some(0));
        assert_eq!(exchange.receive(b"x", 100, &limits()), Err(Refusal::BodyTooLarge));
        assert_eq!(status(exchange.refuse(Refusal::BodyTooLarge)), 413);
        assert_eq!(exchange.collected(), 0);
    }

    #[test]
    fn a_body_that_nobody_wants_is_thrown_away_up_to_a_limit() {
        let (mut exchange, effect) = exchange("done", Some(0));
        assert_eq!(status(effect), 200);
        assert_eq!(exchange.receive(&[0; 50], 0, &limits()), Ok(()));
        assert_eq!(exchange.receive(&[0; 1], 0, &limits()), Err(Refusal::BodyTooLarge));
        assert!(exchange.refuse(Refusal::BodyTooLarge).is_none(), "it has been answered");
    }

    #[test]
    fn while_a_sink_writes_one_piece_is_taken_and_no_more() {
        let (mut exchange, effect) = exchange(Reply::stream(Length(0)), Some(0));
        assert!(matches!(effect, Some(Effect::WantBody)));
        let full = vec![0; exchange.room()];
        exchange.receive(&full, 0, &limits()).unwrap();
        assert_eq!(exchange.room(), 0);
        let first = exchange.feed();
        assert_eq!(exchange.room(), full.len());
        exchange.receive(&full, 0, &limits()).unwrap();
        assert!(exchange.feed().is_none() && exchange.room() == 0, "the sink is away");
        assert!(exchange.end(&limits()).is_none());
        let last = work(&mut exchange, first);
        let Some(Effect::Respond(response)) = work(&mut exchange, last) else { panic!() };
        assert_eq!(response.length(), Some(6), "{} bytes", 2 * full.len());
    }

    #[test]
    fn the_outcome_of_work_that_nobody_waits_for_changes_nothing() {
        let (mut exchange, effect) = exchange(Reply::blocking(|| "done"), None);
        assert!(matches!(effect, Some(Effect::Run(_))));
        exchange.expect(Ticket(7));
        let late = |it: &mut Exchange, ticket| it.complete(ticket, Outcome::Panicked, &limits());
        assert!(late(&mut exchange, Ticket(6)).is_none());
        assert_eq!(status(exchange.refuse(Refusal::Timeout)), 408);
        assert!(late(&mut exchange, Ticket(7)).is_none());
    }

    #[test]
    fn work_that_finds_no_room_or_panics_is_answered() {
        for (outcome, expected) in [(Outcome::Overloaded, 503), (Outcome::Panicked, 500)] {
            let (mut exchange, _) = exchange(Reply::blocking(|| "done"), None);
            exchange.expect(Ticket(1));
            assert_eq!(status(exchange.complete(Ticket(1), outcome, &limits())), expected);
        }
    }

    #[test]
    fn a_moment_is_waited_for_and_may_be_anticipated_by_a_refusal() {
        let now = Now { instant: clock::tests::moment(), wall: UNIX_EPOCH };
        let moment = now.instant + Duration::from_secs(1);
        let (mut early, _) = exchange(Reply::at(moment, "later"), None);
        assert_eq!(early.deadline(), Some(moment));
        assert!(early.handle_timeout(now).is_none());
        assert_eq!(status(early.handle_timeout(Now { instant: moment, ..now })), 200);
        assert_eq!(early.deadline(), None);
        let (mut refused, _) = exchange(Reply::at(moment, "later"), Some(9));
        assert_eq!(status(refused.refuse(Refusal::Timeout)), 408);
        assert!(refused.handle_timeout(Now { instant: moment, ..now }).is_none());
    }

    #[test]
    fn a_panic_on_drop_ends_nothing() {
        let (mut refused, _) = exchange(Reply::stream(Bomb), Some(0));
        assert_eq!(status(refused.refuse(Refusal::Timeout)), 408);
        drop(exchange(Reply::stream(Bomb), Some(0)));
        let bomb = Bomb;
        let collector = Reply::collect(move |_| {
            let _bomb = bomb;
            "never"
        });
        drop(exchange(collector, Some(0)));
        let (mut away, _) = exchange(Reply::stream(Bomb), Some(0));
        away.receive(b"x", 0, &limits()).unwrap();
        let Some(Effect::Run(Work::Blocking(job))) = away.feed() else { panic!() };
        away.expect(Ticket(1));
        let written = job.run();
        assert_eq!(status(away.refuse(Refusal::Timeout)), 408);
        assert!(away.complete(Ticket(1), written, &limits()).is_none());
    }
}
