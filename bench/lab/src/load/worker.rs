//! A thread of the generator: one event loop over its connections.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mio::event::Event;
use mio::{Events, Poll, Token};

use crate::load::board::Board;
use crate::load::connection::{Connection, Ending, Tools};
use crate::load::outcome::{Outcome, Trouble};
use crate::load::plan::Plan;
use crate::load::protocol::{Fault, Protocol};
use crate::load::schedule::nanoseconds;
use crate::load::tls::Tls;
use crate::load::traffic::{Share, Ticket, Traffic};
use crate::load::transport::Transport;
use crate::load::watch::Watch;

const MILLISECOND: u64 = 1_000_000;

/// How often is looked for what need not be noticed at once.
const TICK: u64 = 10 * MILLISECOND;

/// How near the next moment has to be for the thread to look around until then: the kernel's clock
/// for `epoll_wait` counts in milliseconds.
const NEAR: u64 = 2 * MILLISECOND;

/// How many connections are being opened at once. More than a server lets queue, and they wait for
/// a second before they try again.
const OPENING_AT_ONCE: usize = 64;

/// How much is read at once.
const BUFFER: usize = 256 << 10;

pub(super) struct Worker<'a, P: Protocol> {
    plan: &'a Plan,
    board: &'a Board,
    share: Share,
    tls: Option<Tls>,
    protocol: P,
    poll: Poll,
    traffic: Traffic,
    slots: Vec<Slot<P::Client>>,
    /// Slots that may have room for a request: who has waited longest is the next.
    ready: VecDeque<usize>,
    /// Slots whose connection is tried again at a moment.
    retries: BinaryHeap<Reverse<(u64, usize)>>,
    buffer: Vec<u8>,
    answered: Vec<Ticket>,
    unanswered: Vec<Ticket>,
    next_tick: u64,
    next_search: u64,
    reported: u64,
    /// How long it waited or looked around and found nothing, in the time that counts.
    waited: u64,
    is_finished: bool,
}

/// A place for a connection.
struct Slot<C> {
    connection: Option<Connection<C>>,
    /// How many connections it has had: events for an earlier one are not for this one.
    generation: u32,
    is_queued: bool,
    /// How many connections in a row were of no use.
    failures: u32,
    /// When another may be opened.
    retry_at: u64,
}

impl<C> Slot<C> {
    fn new() -> Self {
        Slot { connection: None, generation: 0, is_queued: false, failures: 0, retry_at: 0 }
    }
}

impl<'a, P: Protocol> Worker<'a, P> {
    pub(super) fn new(
        plan: &'a Plan,
        board: &'a Board,
        share: Share,
        tls: Option<Tls>,
        protocol: P,
    ) -> io::Result<Self> {
        let Share { thread, threads, .. } = share;
        let connections =
            plan.connections / threads + usize::from(thread < plan.connections % threads);
        Ok(Worker {
            plan,
            board,
            share,
            tls,
            protocol,
            poll: Poll::new()?,
            traffic: Traffic::new(plan),
            slots: (0..connections).map(|_| Slot::new()).collect(),
            ready: VecDeque::with_capacity(connections),
            retries: BinaryHeap::new(),
            buffer: vec![0; BUFFER],
            answered: Vec::new(),
            unanswered: Vec::new(),
            next_tick: 0,
            next_search: 0,
            reported: 0,
            waited: 0,
            is_finished: false,
        })
    }

    /// Opens the connections, waits for the other threads, and puts the load on.
    pub(super) fn run(mut self, mut watch: Option<Watch<'_>>) -> io::Result<Outcome> {
        let mut events = Events::with_capacity(1024);
        let opened = self.open_all(&mut events);
        let start = self.board.begin_together(self.traffic.outcome().connects)?;
        opened?;
        self.traffic.start(self.plan, &self.share, start);
        (0..self.slots.len()).for_each(|index| self.offer(index));
        if let Some(watch) = &mut watch {
            watch.start(self.traffic.window());
        }
        let now = self.serve(&mut events, &mut watch)?;
        Ok(self.finish(now))
    }

    /// Opens all connections, and gives up those that take too long.
    fn open_all(&mut self, events: &mut Events) -> io::Result<()> {
        let deadline = self.now().saturating_add(nanoseconds(self.plan.timeout));
        let mut begun = 0;
        while self.now() < deadline {
            let mut opening =
                self.slots[..begun].iter().filter(|slot| self.is_opening(slot)).count();
            while begun < self.slots.len() && opening < OPENING_AT_ONCE {
                self.connect(begun, self.now());
                (begun, opening) = (begun + 1, opening + 1);
            }
            if opening == 0 {
                break;
            }
            self.poll_for(events, Duration::from_nanos(TICK))?;
            events.iter().for_each(|event| self.handle(event));
        }
        Ok(())
    }

    fn is_opening(&self, slot: &Slot<P::Client>) -> bool {
        slot.connection.as_ref().is_some_and(|connection| !connection.is_open(&self.protocol))
    }

    /// The loop. Returns when it ended.
    fn serve(&mut self, events: &mut Events, watch: &mut Option<Watch<'_>>) -> io::Result<u64> {
        let mut now = self.now();
        loop {
            self.tick(now, watch);
            self.dispatch(now);
            if self.is_over(now, watch) {
                return Ok(now);
            }
            let wait = self.patience(now, watch);
            self.poll_for(events, wait)?;
            let after = self.now();
            let found_nothing = events.is_empty() && !self.is_due(after);
            if found_nothing || !wait.is_zero() {
                self.waited += self.traffic.window().overlap(now, after);
            }
            now = after;
            if !events.is_empty() {
                events.iter().for_each(|event| self.handle(event));
                now = self.now();
            }
        }
    }

    fn now(&self) -> u64 {
        self.board.clock.now()
    }

    fn poll_for(&mut self, events: &mut Events, wait: Duration) -> io::Result<()> {
        match self.poll.poll(events, Some(wait)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            other => other,
        }
    }

    /// When a request is to be sent next, if there is a connection that could take it.
    fn due(&mut self) -> Option<u64> {
        if self.ready.is_empty() { None } else { self.traffic.due() }
    }

    fn is_due(&mut self, now: u64) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    /// How long to wait for events. Not until the moment of the next request, but until shortly
    /// before; from then on there is no waiting, so that it is sent in time.
    fn patience(&mut self, now: u64, watch: &Option<Watch<'_>>) -> Duration {
        let boundary = watch.as_ref().map_or(u64::MAX, Watch::next_boundary);
        let exact = self.due().unwrap_or(u64::MAX).min(boundary);
        if exact <= now + NEAR {
            return Duration::ZERO;
        }
        let retry = self.retries.peek().map_or(u64::MAX, |&Reverse((at, _))| at);
        let until = self.next_tick.min(retry).min(exact - MILLISECOND);
        Duration::from_nanos(until.saturating_sub(now).max(1))
    }

    /// What happens as time passes.
    fn tick(&mut self, now: u64, watch: &mut Option<Watch<'_>>) {
        while let Some(&Reverse((at, index))) = self.retries.peek()
            && at <= now
        {
            self.retries.pop();
            self.offer(index);
        }
        if let Some(watch) = watch {
            watch.look(now, self.board);
        }
        if now < self.next_tick {
            return;
        }
        self.next_tick = now + TICK;
        let requests = self.traffic.requests();
        self.board.requests.fetch_add(requests - self.reported, Ordering::Relaxed);
        self.reported = requests;
        if now >= self.next_search {
            let timeout = nanoseconds(self.plan.timeout);
            self.next_search = now + (timeout / 10).min(100 * MILLISECOND);
            self.give_up_late(now.saturating_sub(timeout));
        }
    }

    /// Whether the thread has nothing more to do. The one with the observer stays for the others.
    fn is_over(&mut self, now: u64, watch: &mut Option<Watch<'_>>) -> bool {
        if !self.is_finished {
            let is_stopped = self.board.is_stopped.load(Ordering::Relaxed);
            if is_stopped {
                self.traffic.interrupt(now);
            }
            self.is_finished = is_stopped || self.traffic.is_finished(now);
            if self.is_finished {
                self.board.working.fetch_sub(1, Ordering::AcqRel);
            }
        }
        let Some(watch) = watch.as_mut().filter(|_| self.is_finished) else {
            return self.is_finished;
        };
        let is_last = self.board.working.load(Ordering::Acquire) == 0;
        if is_last {
            watch.end();
        }
        self.next_tick = self.next_tick.min(now + MILLISECOND);
        is_last
    }

    /// Gives requests that are due to connections that have room.
    fn dispatch(&mut self, now: u64) {
        while let Some(&index) = self.ready.front() {
            if !self.has_room(index, now) {
                self.ready.pop_front();
                self.slots[index].is_queued = false;
                continue;
            }
            let Some(ticket) = self.traffic.next(now) else { return };
            self.ready.pop_front();
            self.slots[index].is_queued = false;
            self.ask(index, ticket, now);
            // A schedule spreads its requests over the connections; otherwise they go together.
            while !self.traffic.is_open_loop() && self.has_room(index, now) {
                let Some(ticket) = self.traffic.next(now) else { break };
                self.ask(index, ticket, now);
            }
            self.send(index, now);
            self.offer(index);
        }
    }

    /// Notes that the slot may have room.
    fn offer(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if !slot.is_queued {
            slot.is_queued = true;
            self.ready.push_back(index);
        }
    }

    fn has_room(&self, index: usize, now: u64) -> bool {
        let slot = &self.slots[index];
        match &slot.connection {
            Some(connection) => {
                let most = self.plan.requests_per_connection.unwrap_or(u64::MAX);
                connection.has_room(&self.protocol, most)
            }
            None => slot.retry_at <= now,
        }
    }

    /// Gives a request to a slot, which opens a connection if it has none: that is part of what
    /// the request takes.
    fn ask(&mut self, index: usize, ticket: Ticket, now: u64) {
        if self.slots[index].connection.is_none() {
            self.connect(index, now);
        }
        let Some(connection) = &mut self.slots[index].connection else {
            self.traffic.fail(ticket, Trouble::Connect, now);
            return;
        };
        connection.used += 1;
        let is_last = Some(connection.used) == self.plan.requests_per_connection;
        self.protocol.ask(&mut connection.client, ticket, is_last);
    }

    fn connect(&mut self, index: usize, now: u64) {
        let generation = self.slots[index].generation;
        let token = Token(index | (generation as usize) << 32);
        let registry = self.poll.registry();
        match Transport::connect(self.plan.server, self.tls.as_ref(), registry, token) {
            Ok(transport) => {
                let client = self.protocol.open();
                self.slots[index].connection = Some(Connection::new(transport, client, now));
            }
            Err(error) => {
                self.board.refuse(error);
                self.back_off(index, now);
            }
        }
    }

    /// Something has happened on a connection.
    fn handle(&mut self, event: &Event) {
        let Token(token) = event.token();
        let (index, generation) = (token & 0xffff_ffff, (token >> 32) as u32);
        let slot = &mut self.slots[index];
        let Some(connection) = slot.connection.as_mut().filter(|_| slot.generation == generation)
        else {
            return;
        };
        let mut tools = Tools {
            protocol: &mut self.protocol,
            traffic: &mut self.traffic,
            clock: self.board.clock,
            buffer: &mut self.buffer,
            answered: &mut self.answered,
        };
        let now = match connection.turn(event, &mut tools) {
            Ok(now) => now,
            Err(ending) => {
                let now = self.now();
                self.end(index, ending, now);
                now
            }
        };
        self.offer(index);
        self.dispatch(now);
    }

    fn send(&mut self, index: usize, now: u64) {
        let Some(connection) = &mut self.slots[index].connection else { return };
        if let Err(ending) = connection.send(&self.protocol, &mut self.traffic, now) {
            self.end(index, ending, now);
        }
    }

    /// Ends connections that have had no answer since.
    fn give_up_late(&mut self, since: u64) {
        let now = self.now();
        for index in 0..self.slots.len() {
            let Some(connection) = &self.slots[index].connection else { continue };
            let oldest = self.protocol.oldest(&connection.client);
            let is_late = oldest.is_some_and(|ticket| ticket.sent <= since);
            if is_late || connection.is_stuck(&self.protocol, since) {
                self.end(index, Ending::Late, now);
                self.offer(index);
            }
        }
    }

    /// Closes the connection of a slot, and says what becomes of the requests that were under way
    /// on it. The first is to blame if something was wrong; those behind it are sent again.
    fn end(&mut self, index: usize, ending: Ending, now: u64) {
        let slot = &mut self.slots[index];
        let Some(connection) = slot.connection.take() else { return };
        slot.generation = slot.generation.wrapping_add(1);
        let was_open = connection.is_open(&self.protocol);
        let was_useful = connection.was_useful;
        let mut client = connection.close();
        let mut unanswered = std::mem::take(&mut self.unanswered);
        self.protocol.take_unanswered(&mut client, &mut unanswered);
        let mut tickets = unanswered.drain(..);
        match ending {
            Ending::Orderly => {}
            Ending::Refused(error) => {
                self.board.refuse(error);
                tickets.by_ref().for_each(|it| self.traffic.fail(it, Trouble::Connect, now));
            }
            Ending::Faulty(Fault::Closed) => {
                tickets.by_ref().for_each(|it| self.traffic.fail(it, Trouble::Closed, now));
            }
            Ending::Faulty(Fault::Wrong(what)) => match tickets.next() {
                Some(ticket) => self.traffic.fail_wrong(ticket, what, now),
                None => self.traffic.wrong(what),
            },
            Ending::Late => match tickets.next() {
                Some(ticket) => self.traffic.fail(ticket, Trouble::Timeout, now),
                None if was_open => self.traffic.wrong("it did not close the connection".into()),
                None => {}
            },
        }
        tickets.for_each(|ticket| self.traffic.give_back(ticket));
        self.unanswered = unanswered;
        if was_useful {
            self.slots[index].failures = 0;
        } else {
            self.back_off(index, now);
        }
    }

    /// The next connection of the slot has to wait, the longer the more have failed.
    fn back_off(&mut self, index: usize, now: u64) {
        let slot = &mut self.slots[index];
        slot.retry_at = now + (MILLISECOND << slot.failures.min(7));
        slot.failures += 1;
        self.retries.push(Reverse((slot.retry_at, index)));
    }

    /// What came of it. In an open loop, time is up for what is still under way.
    fn finish(mut self, now: u64) -> Outcome {
        let is_interrupted = self.board.is_stopped.load(Ordering::Relaxed);
        let mut unanswered = std::mem::take(&mut self.unanswered);
        for slot in &mut self.slots {
            let Some(connection) = slot.connection.take() else { continue };
            self.protocol.take_unanswered(&mut connection.close(), &mut unanswered);
        }
        for ticket in unanswered {
            if is_interrupted || !self.traffic.is_open_loop() {
                self.traffic.forget(ticket, now);
            } else {
                self.traffic.fail(ticket, Trouble::Timeout, now);
            }
        }
        let mut outcome = self.traffic.finish(now);
        outcome.busy = outcome.elapsed.saturating_sub(Duration::from_nanos(self.waited));
        outcome
    }
}
