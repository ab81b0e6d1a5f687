//! What the difference between two servers consists of: a cause beside each part of it, as far as
//! one was counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use thiserror::Error;

use crate::results::{Cause, Cell, Results, Void};
use crate::statistics::{Estimate, median};

/// A question that the results cannot answer.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no such thing in the results.
    #[error("there is no {what} \"{name}\" in these results, but: {known}")]
    Unknown {
        /// `server` or `load`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// It was not measured, or none of its measurements counts.
    #[error("no measurement of \"{entry}\" under \"{scenario}\" counts{}", why(.reason))]
    Nothing {
        /// The server.
        entry: String,
        /// The load.
        scenario: String,
        /// Why the first of its measurements does not.
        reason: Option<String>,
    },
}

fn why(reason: &Option<String>) -> String {
    reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// One server under the load, with all that was found out of it.
struct Side<'a> {
    name: &'a str,
    cells: Vec<&'a Cell>,
    cause: Option<&'a Cause>,
}

/// Says in sentences what the difference between two servers consists of under a load.
///
/// # Errors
/// If one of the three is not in the results, or has no measurement that counts.
pub fn explain(results: &Results, scenario: &str, one: &str, other: &str) -> Result<String, Error> {
    let scenarios = || results.scenarios.iter().map(|it| it.name.as_str());
    known("load", scenario, scenarios())?;
    let sides = [one, other].map(|name| Side::find(results, scenario, name));
    let [one, other] = sides;
    let (one, other) = (one?, other?);
    let mut text = format!("{scenario}\n\n");
    let parts = [total(&one, &other), spaces(&one, &other), switches(&one, &other)];
    for part in parts.into_iter().chain(counts(&one, &other)) {
        let _ = writeln!(text, "{part}"); // a string takes everything
    }
    Ok(text)
}

fn known<'a>(
    what: &'static str,
    name: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), Error> {
    if names.clone().any(|known| known == name) {
        return Ok(());
    }
    let known = names.collect::<Vec<_>>().join(", ");
    Err(Error::Unknown { what, name: name.to_owned(), known })
}

impl<'a> Side<'a> {
    fn find(results: &'a Results, scenario: &str, name: &'a str) -> Result<Self, Error> {
        known("server", name, results.entries.iter().map(|entry| entry.name.as_str()))?;
        let is_meant = |cell: &&Cell| cell.scenario == scenario && cell.entry == name;
        let all = || results.cells.iter().filter(is_meant);
        let cells: Vec<_> = all().filter(|cell| counts_in_full(cell)).collect();
        if cells.is_empty() {
            let reason = all().flat_map(|cell| &cell.void).map(|void| void.reason.clone()).next();
            let (entry, scenario) = (name.to_owned(), scenario.to_owned());
            return Err(Error::Nothing { entry, scenario, reason });
        }
        let is_its = |cause: &&Cause| cause.scenario == scenario && cause.entry == name;
        Ok(Side { name, cells, cause: results.causes.iter().find(is_its) })
    }

    /// The median over rounds of a figure for each request.
    fn each(&self, figure: impl Fn(&Cell) -> f64) -> f64 {
        let each = self.cells.iter().map(|cell| figure(cell) / cell.requests as f64);
        median(&each.collect::<Vec<_>>()).unwrap_or(0.0)
    }

    /// Processor time for each request in the kernel and in user space. A round has a dozen ticks
    /// only, so all are put together.
    fn spaces(&self) -> [f64; 2] {
        let sum =
            |figure: fn(&Cell) -> f64| self.cells.iter().map(|cell| figure(cell)).sum::<f64>();
        let requests = sum(|cell| cell.requests as f64);
        let kernel = sum(|cell| cell.cpu as f64 * cell.kernel_share) / requests;
        [kernel, sum(|cell| cell.cpu as f64) / requests - kernel]
    }
}

/// Whether processor time and counts of a cell are figures; its rate alone may not be one.
fn counts_in_full(cell: &Cell) -> bool {
    let is_void = |void: &Void| ["all", "cpu"].contains(&&*void.figure);
    !cell.void.iter().any(is_void) && cell.requests > 0
}

fn total(one: &Side, other: &Side) -> String {
    let cost = |cell: &Cell| cell.cpu as f64;
    let (a, b) = (one.each(cost), other.each(cost));
    let sentence = format!(
        "{} takes {} of processor time for each request, {} {}",
        one.name,
        microseconds(a),
        other.name,
        microseconds(b)
    );
    let ratio = Estimate::of_ratio(&pairs(one, other)).map(|ratio| {
        let interval = ratio.interval.map(|it| format!(" [{:.2}, {:.2}]", it.low, it.high));
        format!(": {:.2} times{}", ratio.median, interval.unwrap_or_default())
    });
    format!("{sentence}{}.", ratio.unwrap_or_default())
}

/// Processor time for each request of both, in the rounds that both have.
fn pairs(one: &Side, other: &Side) -> Vec<(f64, f64)> {
    let cost = |cell: &Cell| cell.cpu as f64 / cell.requests as f64;
    let of_other = |round| other.cells.iter().find(|cell| cell.round == round);
    let pair = |cell: &&Cell| Some((cost(cell), cost(of_other(cell.round)?)));
    one.cells.iter().filter_map(pair).collect()
}

fn spaces(one: &Side, other: &Side) -> String {
    let ([kernel, user], [other_kernel, other_user]) = (one.spaces(), other.spaces());
    format!(
        "In the kernel: {} and {} ({}); in user space: {} and {} ({}). By the kernel's ticks, so \
         roughly.",
        roughly(kernel),
        roughly(other_kernel),
        difference(kernel - other_kernel),
        roughly(user),
        roughly(other_user),
        difference(user - other_user),
    )
}

fn switches(one: &Side, other: &Side) -> String {
    if [one, other].iter().any(|side| side.cells.iter().any(|cell| cell.switches.is_none())) {
        let why = "there were too many threads, or they came and went";
        return format!("Context switches were not counted: {why}.");
    }
    let waits = |cell: &Cell| cell.switches.map_or(0.0, |(waits, _)| waits as f64);
    let preemptions =
        |cell: &Cell| cell.switches.map_or(0.0, |(_, preemptions)| preemptions as f64);
    format!(
        "Context switches for each request, because it waits: {:.3} and {:.3}; because another has \
         to run: {:.3} and {:.3}.",
        one.each(waits),
        other.each(waits),
        one.each(preemptions),
        other.each(preemptions),
    )
}

/// What was counted in runs of their own, if it was for both.
fn counts(one: &Side, other: &Side) -> Vec<String> {
    let (Some(one), Some(other)) = (one.cause, other.cause) else {
        return vec!["System calls and instructions were not counted for both.".to_owned()];
    };
    let mut parts = Vec::new();
    if let (Some(a), Some(b)) = (&one.system_calls, &other.system_calls) {
        let total = |calls: &BTreeMap<String, f64>| calls.values().sum::<f64>();
        parts.push(format!("System calls for each request: {:.2} and {:.2}.", total(a), total(b)));
        let names: BTreeSet<_> = a.keys().chain(b.keys()).collect();
        for name in names {
            let each = |calls: &BTreeMap<String, f64>| calls.get(name).copied().unwrap_or(0.0);
            parts.push(format!("  {name:<18} {:6.2} {:6.2}", each(a), each(b)));
        }
    }
    if let (Some(a), Some(b)) = (one.instructions, other.instructions) {
        let on = "in user space, on one connection";
        parts.push(format!("Instructions {on}: {a:.0} and {b:.0}."));
    }
    parts
}

fn microseconds(nanoseconds: f64) -> String {
    format!("{:.2} µs", nanoseconds / 1e3)
}

fn roughly(nanoseconds: f64) -> String {
    format!("{:.1} µs", nanoseconds / 1e3)
}

fn difference(nanoseconds: f64) -> String {
    format!("{:+.1} µs", nanoseconds / 1e3)
}
