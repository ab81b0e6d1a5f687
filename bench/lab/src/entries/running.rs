//! A server that runs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Child;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use conformance::{Failure, Filter, Protocol, Report, Runner, Splits, cases};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

use crate::entries::ability::Ability;
use crate::entries::files::Files;
use crate::entries::gate::gate;
use crate::entries::place::Place;
use crate::entries::usage::{self, Switches, Usage};
use crate::results::{Gate, Kind};

/// How long a server may take to end after SIGTERM, before it is killed.
const END: Duration = Duration::from_secs(3);

/// Cases of the conformance suite that are played at a time: most of them wait most of the time.
const PLAYERS: usize = 32;

/// How long a case may take: with so many at a time a busy machine may be slow.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long if it decides nothing: a server that does not close where it should, is waited for in
/// many cases.
const PATIENCE_WITH_PEERS: Duration = Duration::from_secs(2);

/// A server that has used this much processor time, in nanoseconds, in
const MOST_WHEN_QUIET: u64 = 20_000;

/// this time, is quiet.
const QUIET_FOR: Duration = Duration::from_millis(2);

/// How long is waited for that.
const QUIET_AT_LAST: Duration = Duration::from_secs(2);

/// A server that runs. If it is dropped, it is killed.
#[derive(Debug)]
pub struct Running {
    /// Where it speaks HTTP.
    pub http: SocketAddr,
    /// Where it speaks HTTP over TLS.
    pub https: Option<SocketAddr>,
    kind: Kind,
    abilities: &'static [Ability],
    child: Child,
    /// Its own process and those that it has started.
    processes: Vec<Pid>,
    /// Removed when it has ended.
    _place: Place,
    _files: Option<Arc<Files>>,
}

impl Running {
    /// A server that does not answer yet.
    pub(super) fn new(
        kind: Kind,
        abilities: &'static [Ability],
        child: Child,
        place: Place,
        files: Option<Arc<Files>>,
    ) -> Self {
        Running {
            http: (Ipv4Addr::LOCALHOST, 0).into(),
            https: None,
            kind,
            abilities,
            child,
            processes: Vec::new(),
            _place: place,
            _files: files,
        }
    }

    /// It answers here.
    pub(super) fn found_at(&mut self, http: SocketAddr, https: Option<SocketAddr>) {
        (self.http, self.https) = (http, https);
        self.processes = match self.kind {
            Kind::Ours | Kind::Floor => vec![self.pid()],
            Kind::Peer => usage::family(self.pid()),
        };
    }

    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The number of its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// What the kernel has counted so far, of all its processes.
    ///
    /// # Errors
    /// If the server has ended.
    pub fn usage(&self) -> io::Result<Usage> {
        let none = Usage { switches: Some(Switches::default()), ..Usage::default() };
        self.processes.iter().try_fold(none, |sum, pid| Ok(sum + usage::of(*pid)?))
    }

    /// Its own memory: pages that are resident and private, in bytes, of all its processes.
    ///
    /// # Errors
    /// If the server has ended.
    pub fn memory(&self) -> io::Result<u64> {
        self.processes.iter().try_fold(0, |sum, pid| Ok(sum + usage::memory(*pid)?))
    }

    /// Asks for `GET /text` whole, byte by byte, split at each place, pipelined, and closed after
    /// the response, and reads each response strictly: see [`gate`].
    ///
    /// Our own backends have to pass the whole conformance suite as well. Of others its result is
    /// noted and decides nothing: much in it is a choice that RFCs leave open, and a gate that we
    /// alone could pass would make no comparison. The requests that the lab itself makes decide for
    /// all. A floor speaks no HTTP, so the suite is not played with it, nor with a server that has
    /// failed already and may be waiting for the rest of something.
    #[must_use]
    pub fn gate(&self) -> Gate {
        let mut gate = gate(self.http, self.abilities.contains(&Ability::Close));
        if self.kind != Kind::Floor && gate.failed.is_none() {
            let report = self.conformance();
            gate.conformance = Some(counts(&report));
            gate.nonconforming = report.failures.iter().map(named).collect();
            if self.kind == Kind::Ours {
                gate.failed = gate.nonconforming.first().cloned();
            }
        }
        gate
    }

    /// Plays the conformance suite, each case whole, byte by byte and split once: all of it on a
    /// backend of ours; on others the cases that apply to any server, of the protocols that they
    /// speak.
    #[must_use]
    pub fn conformance(&self) -> Report {
        let others = [(Ability::Http2, Protocol::Http2), (Ability::WebSocket, Protocol::WebSocket)];
        let spoken = others.into_iter().filter(|(ability, _)| self.abilities.contains(ability));
        let others = spoken.map(|(_, protocol)| protocol);
        let protocols = [Protocol::Http1].into_iter().chain(others).collect();
        let is_ours = self.kind == Kind::Ours;
        let filter = Filter { only: None, any: !is_ours, protocols };
        let runner = Runner {
            threads: PLAYERS,
            timeout: if is_ours { PATIENCE } else { PATIENCE_WITH_PEERS },
            splits: Splits::One,
            ..Runner::default()
        };
        runner.run(self.http, cases().iter().filter(|case| filter.takes(case)))
    }

    /// Waits until it uses no processor time any more: servers share a core, and the next one is
    /// not to pay for connections that this one still closes. Not forever: one may be broken.
    pub fn wait_until_quiet(&self) {
        let deadline = Instant::now() + QUIET_AT_LAST;
        let mut before = self.usage().map(|usage| usage.cpu);
        while Instant::now() < deadline {
            thread::sleep(QUIET_FOR); // another process rests: there is nothing to wait on
            let now = self.usage().map(|usage| usage.cpu);
            match (&before, &now) {
                (Ok(before), Ok(now)) if now - before > MOST_WHEN_QUIET => {}
                _ => return,
            }
            before = now;
        }
    }

    /// Stops it, and waits until it has ended.
    pub fn stop(mut self) {
        self.end(END);
    }

    fn end(&mut self, patience: Duration) {
        let deadline = Instant::now() + patience;
        if !patience.is_zero() {
            let _ = signal::kill(self.pid(), Signal::SIGTERM); // our child, so nobody else's number
            while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(1));
            }
        }
        let _ = self.child.kill(); // of one that has ended it is known, and nothing is killed
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

/// A case that did not pass, where its requirement stands, how it was sent, and what was wrong.
fn named(Failure { id, section, delivery, reason, .. }: &Failure) -> String {
    format!("{id} ({section}), {delivery}: {reason}")
}

/// Cases that passed, of those that were played.
fn counts(report: &Report) -> (u32, u32) {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (count(report.passed), count(report.passed + report.failed))
}
