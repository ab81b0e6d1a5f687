//! Counting everything.

use std::io;

use crate::counts::callgrind::Parts;
use crate::counts::committed::{Count, Counts};
use crate::counts::functions::CALLS;
use crate::counts::server::Server;
use crate::counts::setting::Setting;
use crate::models::{self, Model};
use crate::protocols::{self, Measured};
use crate::scenarios::{self, Repeats, Scenario};

/// How often each scenario is played in the shorter of its runs.
const ITERATIONS: u64 = 200;

/// How often it is played before, so that a server has all that it will need.
const FIRST_ITERATIONS: u64 = 50;

/// What is not yet a change, in percent.
const STRICT: u32 = 2;

/// The same where threads hand over to each other: counts of the same code differ by up to 4 %. And
/// of the libraries below: generic code of theirs is compiled here, in other ways when something
/// else changes here.
const LOOSE: u32 = 8;

/// Counts everything. `progress` is told of each count.
///
/// # Errors
/// If Valgrind is missing, or what runs under it fails.
pub fn measure(mut progress: impl FnMut(&Count)) -> io::Result<Counts> {
    let setting = Setting::here()?;
    let mut told = |counts: Vec<Count>| {
        counts.iter().for_each(&mut progress);
        counts
    };
    let functions = told(functions()?);
    let mut requests = Vec::new();
    for model in models::all().iter().filter(|model| model.backend != "uring") {
        requests.extend(told(requests_to(model)?));
    }
    Ok(Counts { setting, functions, requests })
}

fn functions() -> io::Result<Vec<Count>> {
    let parts = Parts::new()?;
    let status = parts.command(&["functions"]).status().map_err(missing)?;
    if !status.success() {
        return Err(io::Error::other(format!("callgrind ended: {status}")));
    }
    let count = |(number, function): (usize, Measured)| {
        // Three runs each, the first one for nothing: see `call_functions`.
        let [shorter, longer] = [3 * number + 2, 3 * number + 3].map(|part| parts.read(part));
        let of = format!("{}, {}", function.group, function.input);
        let tolerance = if function.is_ours() { STRICT } else { LOOSE };
        Ok(Count::new(of, function.by, shorter?.each(longer?, CALLS), tolerance))
    };
    protocols::all().into_iter().enumerate().map(count).collect()
}

fn requests_to(model: &Model) -> io::Result<Vec<Count>> {
    let parts = Parts::new()?;
    let mut server = Server::start(&parts, &model.name).map_err(missing)?;
    let mut runs = Vec::new();
    for scenario in scenarios::ALL.into_iter().filter(|scenario| scenario.repeats != Repeats::Not) {
        runs.push((scenario, play(&mut server, &scenario)));
    }
    server.end()?;
    let count = |(scenario, run): (Scenario, [usize; 2])| {
        let [shorter, longer] = run.map(|part| parts.read(part));
        let each = shorter?.each(longer?, ITERATIONS * scenario.requests);
        let tolerance = if scenario.repeats == Repeats::Nearly { LOOSE } else { STRICT };
        Ok(Count::new(scenario.name, &model.name, each, tolerance))
    };
    runs.into_iter().map(count).collect()
}

/// Plays a scenario; returns the numbers of the parts with the shorter and the longer run.
fn play(server: &mut Server, scenario: &Scenario) -> [usize; 2] {
    let mut iteration = (scenario.connect)(server.address());
    server.rest();
    let mut run = |iterations| {
        for _ in 0..iterations {
            iteration(&mut || server.rest());
            server.rest();
        }
        server.mark()
    };
    run(FIRST_ITERATIONS);
    [run(ITERATIONS), run(2 * ITERATIONS)]
}

fn missing(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::other("valgrind is not installed"),
        _ => error,
    }
}
