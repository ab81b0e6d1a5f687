//! All entries in all scenarios: interleaved, in random order, round after round.
//!
//! In each round every server is started anew (where its memory lies differs from start to start,
//! and moves figures by several per cent), and every pair of entry and scenario is measured once.
//! What disturbs the machine for a while so disturbs all of them.

mod counting;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::cell;
use crate::entries::{self, Entry, Running};
use crate::idle;
use crate::judge;
use crate::machine::{self, Cores};
use crate::results::{self, Calibration, Cause, Cell, FORMAT, Gate, Idle, Kind, Results, Void};
use crate::scenarios::{CAPACITY, SCENARIOS, Scenario, Times};
use crate::trace;

/// What a run consists of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Rounds that are to count.
    pub rounds: u32,
    /// How long a cell of a closed loop takes.
    pub closed: Times,
    /// How long a cell of an open loop takes.
    pub open: Times,
    /// Only the scenarios that a quick run has.
    pub quick: bool,
    /// Only entries whose name contains one of these; empty: all.
    pub entries: Vec<String>,
    /// Only scenarios whose name contains one of these; empty: all.
    pub scenarios: Vec<String>,
    /// Whether peers take part.
    pub peers: bool,
    /// What the random order comes from.
    pub seed: u64,
}

/// Other servers in a quick run: the one that Rust knows best, and the one that everybody does.
const QUICK_PEERS: [&str; 2] = ["hyper", "nginx"];

/// Who has a twin that is measured as if it were another, if they take part.
const WITH_TWIN: [&str; 3] = ["mio", "tokio multi", "floor mio"];

/// How many rounds may be made again because the machine was not the same, of those asked for.
const AGAIN: f64 = 0.5;

/// How often an entry's capacity is looked for; the median counts.
const CAPACITY_TRIES: usize = 3;

/// How many idle connections are weighed. More are asked for by `lab idle`.
const IDLE_CONNECTIONS: usize = 1000;

/// One of those who take part.
struct Contestant {
    entry: Entry,
    name: String,
    twin_of: Option<String>,
    gate: Gate,
    /// Requests per second in [`CAPACITY`].
    capacity: f64,
}

/// A run that has begun.
struct Run<'a> {
    settings: &'a Settings,
    cores: Cores,
    began: Instant,
    stop: &'a AtomicBool,
    contestants: Vec<Contestant>,
    scenarios: Vec<&'static Scenario>,
    cells: Vec<Cell>,
    calibrations: Vec<Calibration>,
    rng: Rng,
    say: &'a mut dyn FnMut(&str),
}

/// Measures everything that the settings ask for. When `stop` is set, it ends after the current
/// cell, with what there is so far.
///
/// # Errors
/// If the machine has one core only, our own servers cannot be built, or nobody is left to measure.
pub fn run(
    settings: &Settings,
    stop: &AtomicBool,
    say: &mut dyn FnMut(&str),
) -> io::Result<Results> {
    let cores = Cores::choose()?;
    let mut provenance = machine::provenance(cores, settings.seed);
    let mut run = Run {
        settings,
        cores,
        began: Instant::now(),
        stop,
        contestants: Vec::new(),
        scenarios: settings.chosen_scenarios(),
        cells: Vec::new(),
        calibrations: Vec::new(),
        rng: Rng::with_seed(settings.seed),
        say,
    };
    run.admit()?;
    run.find_capacities();
    provenance.rounds = run.make_rounds()?;
    let causes = run.count_causes();
    let idle = run.weigh_idle_connections();
    provenance.took_seconds = run.began.elapsed().as_secs_f64();
    Ok(run.results(provenance, causes, idle))
}

impl Settings {
    fn chosen_scenarios(&self) -> Vec<&'static Scenario> {
        let is_chosen = |scenario: &&Scenario| {
            (scenario.quick || !self.quick) && is_named(scenario.name, &self.scenarios)
        };
        SCENARIOS.iter().filter(is_chosen).collect()
    }

    fn takes_in(&self, entry: &Entry) -> bool {
        let is_peer = entry.kind == Kind::Peer;
        let is_wanted = self.peers && (!self.quick || QUICK_PEERS.contains(&entry.name));
        is_named(entry.name, &self.entries) && (!is_peer || is_wanted)
    }

    fn times(&self, scenario: &Scenario) -> Times {
        if scenario.load.is_some() { self.open } else { self.closed }
    }
}

/// Whether a name is among those asked for.
fn is_named(name: &str, asked: &[String]) -> bool {
    asked.is_empty() || asked.iter().any(|part| name.contains(part.as_str()))
}

impl Run<'_> {
    /// Finds who is there, and lets nobody in who answers wrongly.
    fn admit(&mut self) -> io::Result<()> {
        let (entries, absent) = entries::all()?;
        for (name, reason) in absent {
            (self.say)(&format!("{name} is left out: {reason}"));
        }
        for entry in entries {
            if !self.settings.takes_in(&entry) {
                continue;
            }
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            (self.say)(&format!("{}: does it answer rightly?", entry.name));
            let gate = self.gate(&entry);
            if let Some(failed) = &gate.failed {
                (self.say)(&format!("{} gets no figures: {failed}", entry.name));
            }
            let name = entry.name.to_owned();
            if gate.failed.is_none() && WITH_TWIN.contains(&name.as_str()) {
                self.contestants.push(Contestant {
                    entry: entry.clone(),
                    name: format!("{name} (twin)"),
                    twin_of: Some(name.clone()),
                    gate: gate.clone(),
                    capacity: 0.0,
                });
            }
            self.contestants.push(Contestant { entry, name, twin_of: None, gate, capacity: 0.0 });
        }
        match self.contestants.iter().any(Contestant::passed) {
            true => Ok(()),
            false => Err(io::Error::other("nobody is left to measure")),
        }
    }

    fn gate(&self, entry: &Entry) -> Gate {
        let started = machine::on_core(self.cores.server, || entry.start()).and_then(|it| it);
        match started {
            Ok(server) => {
                let gate = server.gate();
                server.stop();
                gate
            }
            Err(error) => Gate { tried: 0, failed: Some(error.to_string()), conformance: None },
        }
    }

    /// Finds how much each server can be asked for: open loops offer a part of it. A server of
    /// which that is not known takes part in no open loop.
    fn find_capacities(&mut self) {
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == CAPACITY);
        let Some(scenario) = scenario else { return };
        if self.scenarios.iter().all(|scenario| scenario.load.is_none()) {
            return;
        }
        (self.say)("How much can be asked of each?");
        let mut rates: HashMap<usize, Vec<f64>> = HashMap::new();
        for _ in 0..CAPACITY_TRIES {
            for (number, server) in self.start_all() {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                let cell = self.measure(number, &server, scenario, 0);
                if cell.void.iter().all(|void| void.figure != "all") {
                    rates.entry(number).or_default().push(cell.requests as f64 / cell.seconds);
                }
                server.stop();
            }
        }
        for (number, mut rates) in rates {
            rates.sort_by(f64::total_cmp);
            self.contestants[number].capacity = rates[rates.len() / 2];
        }
        self.share_capacities();
    }

    /// Twins are offered the same: they differ in their names alone.
    fn share_capacities(&mut self) {
        let known: HashMap<String, f64> =
            self.contestants.iter().map(|it| (it.name.clone(), it.capacity)).collect();
        for contestant in &mut self.contestants {
            let original = contestant.twin_of.as_ref().and_then(|name| known.get(name));
            contestant.capacity = original.copied().unwrap_or(contestant.capacity);
        }
    }

    /// Makes the rounds, and makes those again in which the machine was not the same; returns how
    /// many were made.
    fn make_rounds(&mut self) -> io::Result<u32> {
        let again = (f64::from(self.settings.rounds) * AGAIN) as u32;
        let mut counting = 0;
        let mut made = 0;
        self.calibrate()?;
        while counting < self.settings.rounds
            && made < self.settings.rounds + again
            && !self.stop.load(Ordering::Relaxed)
        {
            let first = self.cells.len();
            self.make_round(made);
            if self.stop.load(Ordering::Relaxed) {
                self.cells.truncate(first); // half a round is none
                break;
            }
            self.calibrate()?;
            made += 1;
            match self.drift() {
                None => counting += 1,
                Some(void) => {
                    (self.say)(&format!("round {made} is made again: {}", void.reason));
                    self.cells[first..].iter_mut().for_each(|cell| cell.void.push(void.clone()));
                }
            }
        }
        Ok(made)
    }

    fn calibrate(&mut self) -> io::Result<()> {
        self.calibrations.push(machine::calibrate(self.cores, self.began)?);
        Ok(())
    }

    /// Whether the machine was not the same, before and after the round that was made last.
    fn drift(&self) -> Option<Void> {
        let [.., before, after] = self.calibrations[..] else { return None };
        judge::drift(&self.calibrations, before, after)
    }

    fn make_round(&mut self, round: u32) {
        let mut servers = self.start_all();
        let mut scenarios = self.scenarios.clone();
        self.rng.shuffle(&mut scenarios);
        for scenario in scenarios {
            self.rng.shuffle(&mut servers);
            (self.say)(&format!("round {}: {}", round + 1, scenario.name));
            for (number, server) in &servers {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                if self.contestants[*number].takes_part(scenario) {
                    let cell = self.measure(*number, server, scenario, round);
                    self.cells.push(cell);
                }
            }
        }
        servers.into_iter().for_each(|(_, server)| server.stop());
    }

    /// A server of each contestant that answers rightly. One that does not start is left out: the
    /// report names the rounds that it lacks.
    fn start_all(&mut self) -> Vec<(usize, Running)> {
        let mut servers = Vec::new();
        for (number, contestant) in self.contestants.iter().enumerate() {
            if !contestant.passed() || self.stop.load(Ordering::Relaxed) {
                continue;
            }
            let start = machine::on_core(self.cores.server, || contestant.entry.start());
            match start.and_then(|server| server) {
                Ok(server) => servers.push((number, server)),
                Err(error) => (self.say)(&format!("{} does not start: {error}", contestant.name)),
            }
        }
        servers
    }

    fn measure(&self, number: usize, server: &Running, scenario: &Scenario, round: u32) -> Cell {
        let contestant = &self.contestants[number];
        let times = self.settings.times(scenario);
        let measured = scenario
            .plan(server, contestant.capacity, times, self.cores.generator)
            .ok_or_else(|| io::Error::other("it has no address for this"))
            .and_then(|plan| cell::measure(server, scenario, &plan));
        let cell = measured.unwrap_or_else(|error| {
            let reason = format!("it could not be measured: {error}");
            Cell { void: vec![Void { figure: "all".to_owned(), reason }], ..Cell::default() }
        });
        Cell { scenario: scenario.name.to_owned(), entry: contestant.name.clone(), round, ..cell }
    }

    /// What each request takes, counted.
    fn count_causes(&mut self) -> Vec<Cause> {
        if let Err(reason) = counting::check() {
            (self.say)(&format!("no causes are counted: {reason}"));
            return Vec::new();
        }
        let mut causes = Vec::new();
        for (number, server) in self.start_all() {
            let contestant = &self.contestants[number];
            (self.say)(&format!("{}: what does a request take?", contestant.name));
            let asks = |it: &&&Scenario| match self.settings.quick {
                true => it.name == CAPACITY,
                false => it.is_about_requests(),
            };
            for scenario in
                self.scenarios.iter().filter(asks).filter(|it| contestant.takes_part(it))
            {
                if self.stop.load(Ordering::Relaxed) || contestant.twin_of.is_some() {
                    break;
                }
                let times = self.settings.times(scenario);
                let plan = scenario.plan(&server, contestant.capacity, times, self.cores.generator);
                let counted = plan.map(|plan| counting::system_calls(self.cores, &plan));
                if let Some(Err(error)) = &counted {
                    (self.say)(&format!("{}: nothing is counted: {error}", contestant.name));
                }
                let trace = (scenario.name == CAPACITY && contestant.entry.kind != Kind::Peer)
                    .then(|| trace::path(contestant.entry.name).display().to_string());
                causes.push(Cause {
                    scenario: scenario.name.to_owned(),
                    entry: contestant.name.clone(),
                    system_calls: counted.and_then(Result::ok),
                    trace,
                    ..Cause::default()
                });
            }
            server.stop();
        }
        causes
    }

    /// What idle connections cost everybody, if this is not a quick run.
    fn weigh_idle_connections(&mut self) -> Vec<Idle> {
        let mut weighed = Vec::new();
        if self.settings.quick {
            return weighed;
        }
        for contestant in self.contestants.iter().filter(|it| it.passed() && it.twin_of.is_none()) {
            for speaks in idle::ALL.into_iter().filter(|it| it.is_spoken_by(&contestant.entry)) {
                if self.stop.load(Ordering::Relaxed) {
                    return weighed;
                }
                (self.say)(&format!("{}: idle connections, {}", contestant.name, speaks.name()));
                match idle::weigh(&contestant.entry, speaks, IDLE_CONNECTIONS, self.cores) {
                    Ok(idle) => weighed.push(idle),
                    Err(error) => (self.say)(&format!("{}: {error}", contestant.name)),
                }
            }
        }
        weighed
    }

    fn results(
        self,
        provenance: results::Provenance,
        causes: Vec<Cause>,
        idle: Vec<Idle>,
    ) -> Results {
        Results {
            format: FORMAT,
            provenance,
            entries: self.contestants.iter().map(Contestant::for_results).collect(),
            scenarios: self.scenarios.iter().map(|scenario| scenario.for_results()).collect(),
            cells: self.cells,
            causes,
            idle,
            calibrations: self.calibrations,
        }
    }
}

impl Contestant {
    fn passed(&self) -> bool {
        self.gate.failed.is_none()
    }

    /// Whether it is put under a load: not under a part of a capacity that is not known.
    fn takes_part(&self, scenario: &Scenario) -> bool {
        scenario.includes(&self.entry) && (scenario.load.is_none() || self.capacity > 0.0)
    }

    fn for_results(&self) -> results::Entry {
        results::Entry {
            name: self.name.clone(),
            kind: self.entry.kind,
            model: self.entry.model.to_owned(),
            floor: self.entry.floor.map(str::to_owned),
            twin_of: self.twin_of.clone(),
            version: self.entry.version.clone(),
            command: self.entry.command(),
            gate: self.gate.clone(),
        }
    }
}

/// How long the parts of a run take by default, for each kind of loop.
impl Times {
    /// So many milliseconds, after a sixth of that in which nothing is counted.
    #[must_use]
    pub fn milliseconds(measured: u64) -> Times {
        Times {
            measured: Duration::from_millis(measured),
            warm_up: Duration::from_millis(measured / 6),
        }
    }
}
