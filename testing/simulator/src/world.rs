//! One simulation: a connection, somebody at its other end, a network between them that does its
//! worst, and a driver that does things late, early, and in any order.
//!
//! In each step, of all that can happen now one thing does. When nothing can, time passes to the
//! next moment at which something can. When there is no such moment either, and the connection is
//! not at its end, then something has been forgotten: a wake-up was lost.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use backend_common::Http;
use harness::{Driver, End, start};
use layer_tls::Tls;
use protocol::{Connection, Limits, Protocol, Ticket};

use crate::choices::Choices;
use crate::clients::{Client, Language, Mishaps, Words, client, setup};
use crate::network::{Content, Lane};
use crate::stage::{Ledger, Stage};

/// Delays below this, all together, are nobody's fault: less than any limit of time.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1500);

/// After so many steps the network carries whatever there is: byte by byte, some would never end.
pub(crate) const FINE_STEPS: usize = 3000;

/// More steps than any simulation takes.
const STEPS: usize = 50_000;

/// A connection as it went.
#[derive(Clone, Debug)]
pub struct Course {
    /// The protocol that was spoken.
    pub language: Language,
    /// Steps that were taken.
    pub steps: usize,
    /// Requests or messages that were answered.
    pub answers: usize,
    /// The mishaps around it.
    pub mishaps: Vec<&'static str>,
}

/// A rule that was broken, in words.
pub type Violation = String;

/// A function that is told what happens.
pub type Watch<'a> = Option<&'a mut dyn FnMut(&str)>;

/// All there is.
pub(crate) struct World<'a, P> {
    pub(crate) choices: Choices,
    pub(crate) driver: Driver<P>,
    pub(crate) client: Box<dyn Client>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) mishaps: Mishaps,
    /// Bytes that the client has said and not sent.
    pub(crate) outbox: VecDeque<u8>,
    pub(crate) to_server: Lane,
    pub(crate) to_client: Lane,
    pub(crate) has_hung: bool,
    /// The end of the server's side is on its way.
    pub(crate) has_left: bool,
    /// How much the network takes of the server before it is heard.
    pub(crate) room: usize,
    /// How long pauses and delays may be together.
    pub(crate) delays: Duration,
    pub(crate) delayed: Duration,
    /// When work is done; never, if there is no moment.
    pub(crate) due: HashMap<Ticket, Option<Instant>>,
    pub(crate) shutdown_at: Option<(Instant, Duration)>,
    pub(crate) shutdown_deadline: Option<Instant>,
    /// Whether the client may reset.
    pub(crate) is_rude: bool,
    /// Whether input is read unasked, as backends for completions do.
    pub(crate) is_eager: bool,
    pub(crate) most_unsent: usize,
    pub(crate) watch: Watch<'a>,
    pub(crate) steps: usize,
}

/// An event that may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The client puts something on the network.
    Say,
    /// The client closes its side.
    Hang,
    /// The server reads what has arrived.
    Arrive,
    /// The same, although the server did not want to read.
    ArriveUnasked,
    /// The server sends some of what it has to send.
    Send,
    /// The client reads what has arrived.
    Hear,
    /// The timer rings.
    Ring,
    /// A piece of work is done.
    Work(usize),
    /// Shutdown begins.
    Shutdown,
    /// Nothing: the machine is busy with something else.
    Pause,
    /// The client resets the connection.
    Reset,
}

/// Plays one simulation.
///
/// # Errors
/// What must not have happened.
///
/// # Panics
/// Where the driver finds that the contract is broken.
pub fn simulate(
    mut choices: Choices,
    only: Option<Language>,
    watch: Watch<'_>,
) -> Result<Course, Violation> {
    harness::silence_expected_panics();
    let words = choices.of(&[Words::Http1, Words::Http1, Words::Http2, Words::WebSocket]);
    let language = only.unwrap_or(Language { tls: choices.one_in(4), words });
    let ledger = Arc::new(Ledger::default());
    let limits = limits(&mut choices);
    let mishaps = Mishaps { impatient: limits.max_discard == 0, ..Mishaps::default() };
    // One response may be in the output beyond the mark, and what HTTP/2 and TLS have in buffers.
    let most_unsent = limits.high_water + 200_000;
    let stage = Arc::new(Stage(Arc::clone(&ledger)));
    let http = Http::from(Connection::new(stage, Arc::new(limits), start()));
    let client = client(language, &mut choices);
    if language.tls {
        let tls = Tls::new(setup(), http, start()).expect("a configuration that can be used");
        World::new(tls, choices, client, ledger, most_unsent, mishaps, watch).play(language)
    } else {
        World::new(http, choices, client, ledger, most_unsent, mishaps, watch).play(language)
    }
}

/// Limits of size from the smallest to the usual ones.
fn limits(choices: &mut Choices) -> Limits {
    Limits {
        high_water: choices.of(&[64 << 10, 100, 1000]),
        max_discard: choices.of(&[256 << 10, 256 << 10, 0]),
        max_streams: choices.of(&[100, 1, 3]),
        ..Limits::default()
    }
}

impl<'a, P: Protocol> World<'a, P> {
    fn new(
        connection: P,
        mut choices: Choices,
        client: Box<dyn Client>,
        ledger: Arc<Ledger>,
        most_unsent: usize,
        mishaps: Mishaps,
        watch: Watch<'a>,
    ) -> Self {
        let mut driver = Driver::new(connection, start());
        driver.takes = 0;
        driver.holds_work = true;
        let shutdown_at = choices.one_in(4).then(|| {
            let within = choices.of(&[30_000, 0, 100, 2000]);
            (start().instant + choices.milliseconds(0..=1000), Duration::from_millis(within))
        });
        World {
            driver,
            client,
            ledger,
            mishaps,
            outbox: VecDeque::new(),
            to_server: Lane::default(),
            to_client: Lane::default(),
            has_hung: false,
            has_left: false,
            room: choices.of(&[1 << 20, 1, 100, 5000]),
            delays: choices.of(&[PATIENCE, Duration::ZERO, Duration::from_secs(200)]),
            delayed: Duration::ZERO,
            due: HashMap::new(),
            shutdown_at,
            shutdown_deadline: None,
            is_rude: choices.one_in(8),
            is_eager: choices.one_in(4),
            most_unsent,
            watch,
            steps: 0,
            choices,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.driver.now.instant
    }

    pub(crate) fn note(&mut self, note: impl FnOnce() -> String) {
        if let Some(watch) = &mut self.watch {
            let since = self.driver.now.instant - start().instant;
            watch(&format!("{:>9.3} s  {}", since.as_secs_f64(), note()));
        }
    }

    /// Plays to the end, and judges.
    fn play(mut self, language: Language) -> Result<Course, Violation> {
        let played = self.run();
        self.note(|| "the end".into());
        let World { ledger, driver, client, mishaps, steps, .. } = self;
        let lost = driver.lost;
        drop(driver);
        let answers = played.and_then(|()| {
            let entries = ledger.entries();
            // A handshake need not be finished when shutdown has begun.
            let may_lose = mishaps.shut_down && entries.accepted.is_empty();
            if lost > 0 && !may_lose && !mishaps.excuse_silence() {
                return Err(format!("{lost} bytes were never sent"));
            }
            match Arc::strong_count(&ledger) - 1 {
                0 => client.judge(&entries, &mishaps),
                held => Err(format!("{held} things are still held after the end")),
            }
        });
        Ok(Course { language, steps, answers: answers?, mishaps: mishaps.names() })
    }

    fn run(&mut self) -> Result<(), String> {
        while !self.is_over() {
            self.steps += 1;
            if self.steps > STEPS {
                return Err("it never ends".into());
            }
            self.outbox.extend(self.client.say());
            match self.next() {
                Some(event) => self.happen(event)?,
                None => self.wait()?,
            }
            self.look()?;
        }
        Ok(())
    }

    /// Whether server and network are done, and the client has heard everything.
    fn is_over(&self) -> bool {
        self.mishaps.reset
            || (self.driver.end == End::Closed
                && self.has_left
                && self.to_client.segments.is_empty())
    }

    // ANCHOR: possible
    /// The events that can happen now.
    fn possible(&mut self) -> Vec<Event> {
        let now = self.now();
        let has_arrived = |lane: &Lane| lane.arrival().is_some_and(|at| at <= now);
        let is_open = self.driver.end != End::Closed;
        let mut can = Vec::new();
        if !self.has_hung {
            match self.outbox.is_empty() {
                false => can.push(Event::Say),
                true if self.client.is_done() => can.push(Event::Hang),
                true => {}
            }
        }
        if is_open && has_arrived(&self.to_server) {
            if self.driver.wait.read {
                can.push(Event::Arrive);
            } else if self.is_eager && self.driver.kept() < 10_000 && self.choices.one_in(3) {
                can.push(Event::ArriveUnasked);
            }
        }
        if is_open && self.driver.has_output() && self.to_client.bytes() < self.room() {
            can.push(Event::Send);
        }
        if has_arrived(&self.to_client) {
            can.push(Event::Hear);
        }
        if is_open && self.driver.wait.deadline.is_some_and(|at| at <= now) {
            can.push(Event::Ring);
        }
        let is_due = |ticket| matches!(self.due.get(ticket), Some(Some(at)) if *at <= now);
        let work = self.driver.held.iter().enumerate().filter(|(_, (ticket, _))| is_due(ticket));
        can.extend(work.map(|(index, _)| Event::Work(index)));
        if self.shutdown_at.is_some_and(|(at, _)| at <= now) {
            can.push(Event::Shutdown);
        }
        can
    }
    // ANCHOR_END: possible

    /// The event that does happen, if any can.
    fn next(&mut self) -> Option<Event> {
        let can = self.possible();
        if can.is_empty() {
            return None;
        }
        let is_open = self.driver.end != End::Closed;
        if self.delayed < self.delays && self.choices.one_in(20) {
            return Some(Event::Pause);
        }
        if is_open && self.choices.one_in(200) {
            return Some(Event::Ring); // too early, which does no harm
        }
        if self.is_rude && self.choices.one_in(100) {
            return Some(Event::Reset);
        }
        Some(can[self.choices.below(can.len())])
    }

    /// Takes note of what has happened, and checks what always has to hold.
    fn look(&mut self) -> Result<(), String> {
        let now = self.now();
        for (ticket, _) in &self.driver.held {
            if !self.due.contains_key(ticket) {
                let most = self.choices.of(&[0, 10, 1000, 100_000]);
                let is_stuck = self.choices.one_in(60);
                let due = (!is_stuck).then(|| now + self.choices.milliseconds(0..=most));
                self.mishaps.stuck |= is_stuck;
                self.due.insert(*ticket, due);
            }
        }
        if self.driver.end != End::Open && !self.has_left {
            self.has_left = true;
            if self.driver.end == End::Closed && self.is_unheard() {
                // Unread input turns the end into a reset, which destroys what is on its way.
                let (unread, coming) = (self.driver.unread(), self.to_server.bytes());
                self.note(|| {
                    format!(
                        "the server closes; {unread} bytes unread and {coming} coming reset all"
                    )
                });
                self.to_client.segments.clear();
            }
            self.to_client.send(Content::End, now);
        }
        if self.driver.end == End::Closed && self.shutdown_deadline.is_some_and(|by| by <= now) {
            self.mishaps.hurried = true;
        }
        let (unsent, kept) = (self.driver.most_unsent, self.driver.most_kept);
        if unsent > self.most_unsent {
            return Err(format!("{unsent} bytes of output at once"));
        }
        if kept > 100_000 {
            return Err(format!("{kept} bytes of input are kept"));
        }
        Ok(())
    }

    /// Whether something is on its way to the server that it will never read. What it has read and
    /// not looked at is not.
    fn is_unheard(&self) -> bool {
        self.driver.unread() > self.driver.kept() || self.to_server.bytes() > 0
    }

    /// Nothing can happen now: time passes to the next moment at which something can.
    fn wait(&mut self) -> Result<(), String> {
        let is_open = self.driver.end != End::Closed;
        let reads = self.driver.wait.read || self.is_eager;
        let moments = [
            self.to_server.arrival().filter(|_| is_open && reads),
            self.to_client.arrival(),
            self.driver.wait.deadline.filter(|_| is_open),
            self.due.values().flatten().copied().filter(|&at| at > self.now()).min(),
            self.shutdown_at.map(|(at, _)| at),
        ];
        let now = self.now();
        match moments.into_iter().flatten().filter(|&at| at > now).min() {
            Some(moment) => self.driver.oversleep(moment - now),
            // Work that is never done is waited for as long as the server runs.
            None if self.mishaps.stuck && self.shutdown_deadline.is_none() => {
                self.shutdown_at = Some((now, Duration::from_secs(1)));
            }
            None => return Err(format!("nobody waits for anything: {:?}", self.driver.wait)),
        }
        Ok(())
    }
}
