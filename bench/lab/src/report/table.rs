//! The table for a terminal.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter, Write};

use crate::judge;
use crate::report::figures::{EntryFigures, Figures, Judged, Resolution, ScenarioFigures};
use crate::results::{Cell, Entry, Kind, Results, Scenario, Void};
use crate::statistics::Estimate;

/// The results as tables, one for each scenario; what the machine can tell apart comes first.
#[must_use]
pub fn table(results: &Results) -> String {
    let figures = Figures::new(results);
    let mut text = sentence(figures.resolution, figures.worst);
    for sentence in judge::audit(results) {
        let _ = writeln!(text, "Not to be believed: {sentence}"); // a string takes everything
    }
    text +=
        "  = the best, or tied with the best. […] holds the median with a confidence of 95 %.\n";
    for (scenario, figures) in results.scenarios.iter().zip(&figures.scenarios) {
        // Writing to a string does not fail.
        let _ = write_scenario(&mut text, results, scenario, figures);
    }
    for entry in results.entries.iter().filter(|it| it.twin_of.is_none()) {
        for sentence in entry.gate.sentences(&entry.name) {
            let _ = write!(text, "\n{sentence}\n");
        }
    }
    text + &conformance(results)
}

/// How many cases of the conformance suite each of the others passed; ours pass all.
fn conformance(results: &Results) -> String {
    let peers = results.entries.iter().filter(|it| it.kind == Kind::Peer && it.twin_of.is_none());
    let line = |peer: &Entry| {
        let (passed, played) = peer.gate.conformance?;
        Some(format!("  {}: {passed} of {played}\n", peer.name))
    };
    let lines: String = peers.filter_map(line).collect();
    match lines.is_empty() {
        true => lines,
        false => {
            format!("\nConformance cases passed; the page names those that were not:\n{lines}")
        }
    }
}

fn sentence(resolution: Resolution, worst: Resolution) -> String {
    match resolution {
        Resolution { rate: None, cpu: Some(cpu) } => format!(
            "This machine can tell apart what differs by at least {} in processor time per\n\
             request: the same entries, measured twice, may differ by so much. In requests per\n\
             second they were never both measured.\n",
            Percent(cpu)
        ),
        Resolution { rate: Some(rate), cpu: Some(cpu) } => format!(
            "This machine can tell apart what differs by at least {} in requests per second,\n\
             and by {} in processor time per request: the same entries, measured twice, may\n\
             differ by so much (medians over all loads); under the worst load by {} and {}.\n",
            Percent(rate),
            Percent(cpu),
            Percent(worst.rate.unwrap_or(rate)),
            Percent(worst.cpu.unwrap_or(cpu))
        ),
        _ => "No entry was measured twice: what this machine can tell apart is not known.\n".into(),
    }
}

fn write_scenario(
    text: &mut String,
    results: &Results,
    scenario: &Scenario,
    figures: &ScenarioFigures,
) -> fmt::Result {
    let mut entries: Vec<&EntryFigures> = figures.entries.iter().collect();
    entries.sort_by(|a, b| cpu(a).total_cmp(&cpu(b)));
    let longest = entries.iter().map(|entry| entry.entry.chars().count()).max().unwrap_or(0);
    writeln!(text, "\n{}: {}", scenario.name, scenario.summary)?;
    writeln!(
        text,
        "  {:longest$}  {:>38}  {:>38}",
        "", "µs of processor per request ÷ floor", "requests per second ÷ floor"
    )?;
    for entry in entries {
        let mut row = format!("  {:longest$}  ", entry.entry);
        write_figure(&mut row, entry.cpu, 1e-3, 2)?;
        row.push_str("  ");
        write_figure(&mut row, entry.rate, 1.0, 0)?;
        writeln!(text, "{}", row.trim_end())?;
    }
    write_voids(text, results, scenario)
}

/// What has no figure comes last.
fn cpu(entry: &EntryFigures) -> f64 {
    entry.cpu.map_or(f64::INFINITY, |cpu| cpu.estimate.median)
}

fn write_figure(
    text: &mut String,
    judged: Option<Judged>,
    unit: f64,
    digits: usize,
) -> fmt::Result {
    let Some(Judged { estimate: Estimate { median, interval, .. }, floor, tied }) = judged else {
        return write!(text, "{:>38}", "void");
    };
    let within = interval.map(|interval| {
        format!("[{:.digits$}, {:.digits$}]", interval.low * unit, interval.high * unit)
    });
    let floor = floor.map(|floor| format!("{:.2}", floor.median));
    write!(
        text,
        "{} {:>9.digits$} {:>20} {:>5}",
        if tied { '=' } else { ' ' },
        median * unit,
        within.unwrap_or_default(),
        floor.unwrap_or_default()
    )
}

/// Reasons that differ only in their numbers are one reason; the first stands for all.
fn write_voids(text: &mut String, results: &Results, scenario: &Scenario) -> fmt::Result {
    let mut groups: BTreeMap<String, (&Cell, &Void, usize)> = BTreeMap::new();
    for cell in results.cells.iter().filter(|cell| cell.scenario == scenario.name) {
        for void in &cell.void {
            let kind = void.reason.split(|it: char| it.is_ascii_digit()).collect::<String>();
            groups.entry(kind).or_insert((cell, void, 0)).2 += 1;
        }
    }
    for (Cell { entry, round, .. }, void, count) in groups.into_values() {
        let figure = if void.figure == "all" { "round" } else { &void.figure };
        writeln!(
            text,
            "  void: {figure} of {entry} in round {}: {}{}",
            round + 1,
            void.reason,
            if count > 1 { format!(" ({count} such)") } else { String::new() }
        )?;
    }
    Ok(())
}

/// A fraction, as people read it.
struct Percent(f64);

impl Display for Percent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} %", self.0 * 100.0)
    }
}
