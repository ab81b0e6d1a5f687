//! The frame in which every attack is played.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use backend_common::Backend;
use rustix::process::{Resource, Signal, getrlimit, setrlimit};
use serde_json::{Value, json};

use crate::attacks::target::Target;
use crate::client::{eventually, holds_in_time};

/// How long shutdown may take: far longer than the server allows itself.
const GONE: Duration = Duration::from_secs(8);

/// Memory that any attack may cost besides its connections, in KiB: buffers that threads keep,
/// stacks that have been used, and the slack of the arena that the allocator has for each thread.
const SLACK: u64 = 12 << 10;

/// The stack of a thread that has served a connection, in KiB, without optimization.
const STACK: u64 = 40;

/// The buffers for input of the rings of two threads, in KiB: a page of it is memory once it has
/// been used.
const RINGS: u64 = 2 * 1024 * 4;

/// Threads that the crate `blocking` may begin and keep: it begins one when those that it has are
/// about to be idle, and not yet.
const KEPT: u64 = 8;

/// Attacks that need much of the machine are played alone.
static MACHINE: RwLock<()> = RwLock::new(());

/// The binary of a backend.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    pub backend: &'static str,
    pub path: &'static str,
}

impl Stage {
    /// The binary at this path, of the backend that the model is of.
    pub fn of<B: Backend>(_: B, path: &'static str) -> Self {
        Stage { backend: B::NAME, path }
    }
}

/// An attack: how the server is started for it, and what it may cost.
pub(super) struct Attack {
    name: &'static str,
    flags: Vec<&'static str>,
    /// For the shell's `ulimit`.
    limit: &'static str,
    connections: u64,
    each: u64,
    is_alone: bool,
}

impl Attack {
    pub(super) fn new(name: &'static str) -> Self {
        Attack { name, flags: vec![], limit: "", connections: 0, each: 0, is_alone: false }
    }

    /// How the server is started.
    pub(super) fn flags(mut self, flags: &[&'static str]) -> Self {
        self.flags.extend(flags);
        self
    }

    pub(super) fn limit(mut self, limit: &'static str) -> Self {
        self.limit = limit;
        self
    }

    /// How many connections the attackers have, and what each may cost, in KiB.
    pub(super) fn costs(mut self, connections: usize, each: u64) -> Self {
        (self.connections, self.each) = (connections as u64, each);
        self
    }

    pub(super) fn alone(mut self) -> Self {
        self.is_alone = true;
        self
    }

    /// Begins and ends the attack, and begins it again. What `begin` returns are the attackers;
    /// they stop attacking when it is dropped. `end` says what has to become of them.
    pub(super) fn play<T>(
        self,
        stage: Stage,
        begin: impl Fn(&Target) -> T,
        end: impl FnOnce(&Target, T),
    ) {
        raise_descriptor_limit();
        let _alone = self.is_alone.then(|| MACHINE.write().unwrap_or_else(PoisonError::into_inner));
        let _not_alone =
            (!self.is_alone).then(|| MACHINE.read().unwrap_or_else(PoisonError::into_inner));
        let (grown, worst) = self.withstand(stage, &begin, end);
        self.stop_amid(stage, begin);
        report(&json!({
            "backend": stage.backend,
            "attack": self.name,
            "peak_kib_over_baseline": grown,
            "worst_ms_of_others": worst.as_secs_f64() * 1000.0,
            "outcome": "withstood",
        }));
    }

    fn withstand<T>(
        &self,
        stage: Stage,
        begin: impl Fn(&Target) -> T,
        end: impl FnOnce(&Target, T),
    ) -> (u64, Duration) {
        let target = Target::start(self.limit, &self.flags, stage.path);
        target.warm_up();
        let witness = target.witness();
        eventually("those who warmed it up have gone", || target.connections() == 1);
        // Those who look are counted for a moment.
        let looks = (0..3).map(|_| target.held());
        let before = looks.min_by_key(|held| held.descriptors).unwrap();
        target.process.forget_peak();
        let memory = target.process.peak_memory().unwrap();

        let attackers = begin(&target);
        end(&target, attackers);
        let grown = target.process.peak_memory().unwrap().saturating_sub(memory);
        let most = SLACK
            + match stage.backend {
                "sync" => self.connections * (self.each + STACK),
                "uring" => self.connections * self.each + RINGS,
                _ => self.connections * self.each,
            };
        assert!(grown <= most, "grew by {grown} KiB, and {most} were to be expected");

        let kept = if matches!(stage.backend, "smol" | "async-std") { KEPT } else { 0 };
        let mut now = before;
        let is_over = || {
            now = target.held();
            now.descriptors <= before.descriptors
                && now.threads <= before.threads + kept
                && now.connections <= before.connections
        };
        let is_over = holds_in_time(is_over);
        assert!(is_over, "before: {before:?}, now: {now:?}");
        let worst = witness.outcome().expect("others are served");
        (grown, worst)
    }

    /// Shuts the server down in the middle.
    fn stop_amid<T>(&self, stage: Stage, begin: impl Fn(&Target) -> T) {
        let target = Target::start(self.limit, &self.flags, stage.path);
        let attackers = begin(&target);
        target.process.signal(Signal::TERM);
        let (code, output) = target.process.end_within(GONE).expect("it shuts down");
        assert_eq!(code, Some(0), "{output}");
        assert!(output.contains("\nStopped: "), "{output}");
        drop(attackers);
    }
}

/// Attackers have as many connections as the system allows us.
fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// Adds a line to the report, if there is to be one.
fn report(line: &Value) {
    let Some(path) = std::env::var_os("ATTACK_REPORT") else { return };
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap(); // whole, although others write, too
}
