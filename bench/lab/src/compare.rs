//! All entries in all scenarios: interleaved, in random order, round after round.
//!
//! In each round every server is restarted (where its memory lies differs from start to start,
//! and moves figures by several per cent), and every pair of entry and scenario is measured once.
//! What disturbs the machine for a while so disturbs all of them.

mod counting;
mod instructions;
mod trial;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::cell;
use crate::compare::instructions::Instructions;
use crate::entries::{self, Entry, Running};
use crate::idle;
use crate::judge;
use crate::load::{self, Next};
use crate::machine::{self, Cores};
use crate::results::{
    self, Calibration, Cause, Cell, FORMAT, Gate, Idle, Kind, Refusal, Results, Void,
};
use crate::scenarios::{CAPACITY, SCENARIOS, Scenario, Times};
use crate::statistics::median;
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

/// How many rounds may be made besides those asked for, because the machine was not the same in
/// others: as a part of those asked for.
const AGAIN: f64 = 0.5;

/// An open loop of about half of what a server can do.
const HALF: &str = "latency at 40 %";

/// How often an entry's capacity is looked for; the median counts.
const CAPACITY_TRIES: usize = 3;

/// How often a cell is measured at most because the cores had been moved, unless it takes long.
const PLACE_TRIES: usize = 3;

/// At most one of so many cells may be such a repetition: a run has to come to its end.
const MOST_REPEATED: usize = 8;

/// How long each server answers requests before it is measured.
const WARM_UP: Times = Times::milliseconds(60);

/// How many idle connections are weighed. More are asked for by `lab idle`.
const IDLE_CONNECTIONS: usize = 1000;

/// One of those who take part.
struct Contestant {
    entry: Entry,
    name: String,
    twin_of: Option<String>,
    gate: Gate,
    /// Requests per second of which open loops offer a part.
    capacity: f64,
    /// Requests per second that a closed loop reaches.
    closed_rate: f64,
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
    /// Cells that were measured again.
    repeated: usize,
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
        repeated: 0,
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
            for sentence in gate.sentences(entry.name) {
                (self.say)(&sentence);
            }
            let contestant = Contestant::new(entry, gate);
            if contestant.passed() && WITH_TWIN.contains(&contestant.entry.name) {
                self.contestants.push(contestant.twin());
            }
            self.contestants.push(contestant);
        }
        self.make_sure_of_a_twin();
        match self.contestants.iter().any(Contestant::passed) {
            true => Ok(()),
            false => Err(io::Error::other("nobody is left to measure")),
        }
    }

    /// If nobody takes part who usually has a twin, somebody else gets one.
    fn make_sure_of_a_twin(&mut self) {
        if self.contestants.iter().all(|it| it.twin_of.is_none())
            && let Some(first) = self.contestants.iter().find(|it| it.passed())
        {
            self.contestants.push(first.twin());
        }
    }

    fn gate(&self, entry: &Entry) -> Gate {
        let started = machine::on_core(self.cores.server, || entry.start()).and_then(|it| it);
        match started {
            Ok(server) => {
                // What the suite asks for may be the last that a server of others does.
                let (tried, refused) = self.try_loads(entry, &server);
                let gate = server.gate();
                server.stop();
                Gate { tried: gate.tried + tried, refused, ..gate }
            }
            Err(error) => Gate { failed: Some(error.to_string()), ..Gate::default() },
        }
    }

    /// Tries the loads that ask for more than the gate does. Returns how many exchanges that took,
    /// and under which loads a response was wrong.
    fn try_loads(&self, entry: &Entry, server: &Running) -> (u32, Vec<Refusal>) {
        let is_due = |it: &&&Scenario| it.includes(entry) && trial::is_needed(it);
        let tries = self.scenarios.iter().filter(is_due);
        let tries = tries.map(|it| trial::of(server, it, self.cores.generator));
        let (tried, refused): (Vec<_>, Vec<_>) = tries.unzip();
        (tried.into_iter().sum(), refused.into_iter().flatten().collect())
    }

    /// Finds how much each server can be asked for: open loops offer a part of it. A server of
    /// which that is not known takes part in no open loop.
    fn find_capacities(&mut self) {
        if self.scenarios.iter().all(|scenario| scenario.load.is_none()) {
            return;
        }
        (self.say)("How much can be asked of each?");
        let mut found: HashMap<usize, Vec<(f64, f64)>> = HashMap::new();
        for _ in 0..CAPACITY_TRIES {
            let mut servers = self.start_all();
            self.rng.shuffle(&mut servers);
            for (number, server) in servers {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                found.entry(number).or_default().extend(self.capacity(number, &server));
                server.stop();
            }
        }
        for (number, found) in found {
            let (capacities, rates): (Vec<_>, Vec<_>) = found.into_iter().unzip();
            self.contestants[number].capacity = median(&capacities).unwrap_or(0.0);
            self.contestants[number].closed_rate = median(&rates).unwrap_or(0.0);
        }
    }

    /// At how many requests per second its core would be full, by the processor time that each of
    /// them takes when about half as many are asked for as are answered in a closed loop. In a
    /// closed loop itself a server finds so many at once that each costs less. And that rate.
    fn capacity(&self, number: usize, server: &Running) -> Option<(f64, f64)> {
        let named = |name| SCENARIOS.iter().find(|scenario| scenario.name == name);
        let counts = |cell: &Cell| cell.void.iter().all(|void| void.figure != "all");
        self.warm_up(server);
        let closed = self.measure(number, server, named(CAPACITY)?, 0.0, 0);
        let rate = Some(closed.requests as f64 / closed.seconds).filter(|_| counts(&closed))?;
        let open = self.measure(number, server, named(HALF)?, rate, 0);
        Some((open.requests as f64 * 1e9 / open.cpu as f64, rate)).filter(|_| counts(&open))
    }

    /// Makes rounds until so many count as were asked for, or too many do not; returns how many it
    /// made. Whether a round counts is judged after each again: only all show what is usual.
    fn make_rounds(&mut self) -> io::Result<u32> {
        let most = self.settings.rounds + (f64::from(self.settings.rounds) * AGAIN) as u32;
        let mut made = 0;
        self.calibrate()?;
        while made < most && !self.stop.load(Ordering::Relaxed) {
            let first = self.cells.len();
            self.make_round(made);
            if self.stop.load(Ordering::Relaxed) {
                self.cells.truncate(first); // half a round is none
                break;
            }
            self.calibrate()?;
            made += 1;
            let drifts = judge::drifts(&self.calibrations);
            let counting = drifts.iter().filter(|drift| drift.is_none()).count();
            if counting >= self.settings.rounds as usize {
                break;
            }
            if let Some(Some(void)) = drifts.last() {
                (self.say)(&format!("round {made} does not count: {}", void.reason));
            }
        }
        self.mark_drifts();
        Ok(made)
    }

    fn calibrate(&mut self) -> io::Result<()> {
        self.calibrations.push(machine::calibrate(self.cores, self.began)?);
        Ok(())
    }

    fn mark_drifts(&mut self) {
        let drifts = judge::drifts(&self.calibrations);
        let usual = judge::usual_distance(&self.calibrations, &self.cells);
        for cell in &mut self.cells {
            cell.void.extend(drifts.get(cell.round as usize).cloned().flatten());
            cell.void.extend(usual.zip(cell.distances).and_then(|(it, of)| judge::moved(it, of)));
        }
        judge::keep_one_of_each_round(&mut self.cells);
    }

    fn make_round(&mut self, round: u32) {
        let mut servers = self.start_all();
        servers.iter().for_each(|(_, server)| self.warm_up(server));
        let mut scenarios = self.scenarios.clone();
        scenarios.retain(|scenario| scenario.is_in(round));
        self.rng.shuffle(&mut scenarios);
        for scenario in scenarios {
            self.rng.shuffle(&mut servers);
            (self.say)(&format!("round {}: {}", round + 1, scenario.name));
            for (number, server) in &servers {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                if self.contestants[*number].takes_part(scenario) {
                    self.measure_in_place(*number, server, scenario, round);
                }
            }
        }
        servers.into_iter().for_each(|(_, server)| server.stop());
    }

    /// Measures until the cores were where they mostly are, within reason. All of it is kept.
    fn measure_in_place(
        &mut self,
        number: usize,
        server: &Running,
        scenario: &Scenario,
        round: u32,
    ) {
        let capacity = self.contestants[number].asked_of(scenario);
        let tries = if scenario.every > 1 { 1 } else { PLACE_TRIES };
        for _ in 0..tries {
            let before = machine::distance(self.cores).ok();
            let cell = self.measure(number, server, scenario, capacity, round);
            server.wait_until_quiet();
            let distances = before.zip(machine::distance(self.cores).ok()).map(|(a, b)| [a, b]);
            self.cells.push(Cell { distances, ..cell });
            let usual = judge::usual_distance(&self.calibrations, &self.cells);
            let moved = usual.zip(distances).and_then(|(usual, it)| judge::moved(usual, it));
            let may_repeat = self.repeated < self.cells.len() / MOST_REPEATED;
            if moved.is_none() || !may_repeat {
                break;
            }
            self.repeated += 1;
        }
    }

    /// A server of each contestant that answers rightly. One that does not start is left out: the
    /// report names the rounds that it lacks.
    fn start_all(&mut self) -> Vec<(usize, Running)> {
        let numbers = 0..self.contestants.len();
        numbers.filter_map(|number| Some((number, self.start(number)?))).collect()
    }

    fn start(&mut self, number: usize) -> Option<Running> {
        let contestant = &self.contestants[number];
        if !contestant.passed() || self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let start = machine::on_core(self.cores.server, || contestant.entry.start());
        let start = start.and_then(|server| server);
        if let Err(error) = &start {
            (self.say)(&format!("{} does not start: {error}", contestant.name));
        }
        start.ok()
    }

    /// What a server does only once, it does before anything is measured.
    fn warm_up(&self, server: &Running) {
        let Some(scenario) = SCENARIOS.iter().find(|scenario| scenario.name == CAPACITY) else {
            return;
        };
        if let Some(plan) = scenario.plan(server, 0.0, WARM_UP, self.cores.generator) {
            let _ = load::run(&plan, &mut |_| Next::Go); // its outcome does not matter
            server.wait_until_quiet();
        }
    }

    fn measure(
        &self,
        number: usize,
        server: &Running,
        scenario: &Scenario,
        capacity: f64,
        round: u32,
    ) -> Cell {
        let contestant = &self.contestants[number];
        let times = scenario.times(self.settings.times(scenario), &contestant.entry);
        let measured = scenario
            .plan(server, capacity, times, self.cores.generator)
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
        let instructions = Instructions::read(&entries::workspace()).unwrap_or_else(|error| {
            (self.say)(&format!("no instructions are known: {error}"));
            Instructions::default()
        });
        let mut causes = Vec::new();
        for number in 0..self.contestants.len() {
            if self.contestants[number].twin_of.is_some() {
                continue;
            }
            // Alone on the core: whatever else is there would be counted with it.
            let Some(server) = self.start(number) else { continue };
            let contestant = &self.contestants[number];
            (self.say)(&format!("{}: what does a request take?", contestant.name));
            let asks = |it: &&&Scenario| match self.settings.quick {
                true => it.name == CAPACITY,
                false => it.is_about_requests(),
            };
            for scenario in
                self.scenarios.iter().filter(asks).filter(|it| contestant.takes_part(it))
            {
                if self.stop.load(Ordering::Relaxed) {
                    break;
                }
                let times = scenario.times(self.settings.times(scenario), &contestant.entry);
                let plan = scenario.plan(&server, contestant.capacity, times, self.cores.generator);
                let counted = plan.map(|plan| counting::count(self.cores, &plan));
                if let Some(Err(error)) = &counted {
                    (self.say)(&format!("{}: nothing is counted: {error}", contestant.name));
                }
                let counted = counted.and_then(Result::ok);
                let trace = (scenario.name == CAPACITY && contestant.entry.kind != Kind::Peer)
                    .then(|| trace::path(contestant.entry.name).display().to_string());
                causes.push(Cause {
                    scenario: scenario.name.to_owned(),
                    entry: contestant.name.clone(),
                    switches: counted.as_ref().map(|counted| counted.switches),
                    system_calls: counted.map(|counted| counted.system_calls),
                    instructions: instructions.of(scenario.name, &contestant.name),
                    trace,
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
    fn new(entry: Entry, gate: Gate) -> Self {
        Contestant {
            name: entry.name.to_owned(),
            entry,
            twin_of: None,
            gate,
            capacity: 0.0,
            closed_rate: 0.0,
        }
    }

    /// The same under another name.
    fn twin(&self) -> Self {
        Contestant {
            entry: self.entry.clone(),
            name: format!("{} (twin)", self.name),
            twin_of: Some(self.name.clone()),
            gate: self.gate.clone(),
            capacity: 0.0,
            closed_rate: 0.0,
        }
    }

    /// What a load is a part of. No overload is one if a closed loop reaches more.
    fn asked_of(&self, scenario: &Scenario) -> f64 {
        let closed_rate = if scenario.is_overload() { self.closed_rate } else { 0.0 };
        self.capacity.max(closed_rate)
    }

    fn passed(&self) -> bool {
        self.gate.failed.is_none()
    }

    /// Whether it is put under a load: not under one that it answered wrongly, nor under a part of
    /// a capacity that is not known.
    fn takes_part(&self, scenario: &Scenario) -> bool {
        let is_refused = self.gate.refused.iter().any(|it| it.scenario == scenario.name);
        let is_possible = scenario.load.is_none() || self.capacity > 0.0;
        scenario.includes(&self.entry) && !is_refused && is_possible
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
            capacity: (self.capacity > 0.0).then_some(self.capacity),
            gate: self.gate.clone(),
        }
    }
}

/// How long the parts of a run take by default, for each kind of loop.
impl Times {
    /// So many milliseconds, after a sixth of that in which nothing is counted.
    #[must_use]
    pub const fn milliseconds(measured: u64) -> Times {
        Times {
            measured: Duration::from_millis(measured),
            warm_up: Duration::from_millis(measured / 6),
        }
    }
}
