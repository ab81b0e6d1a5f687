//! Tables in the documentation that come from results in the repository, and the check that they
//! still do.

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

use crate::judge;
use crate::report::{EntryFigures, Figures, Percentile, ScenarioFigures};
use crate::results::{Entry, Kind, Provenance, Results};

/// The results that are published: a full run.
pub const RESULTS: &str = "bench/results/default.json.gz";

/// A table, and where it stands: between two comments with its name.
struct Table {
    file: &'static str,
    name: &'static str,
    render: fn(&Results) -> String,
}

const TABLES: [Table; 2] = [
    Table { file: "bench/README.md", name: "backends", render: backends },
    Table { file: "bench/README.md", name: "results", render: everything },
];

/// Writes all tables into a tree; returns the files that were not up to date.
///
/// # Errors
/// If a file cannot be read or written, or has no place for its table.
pub fn update(root: &Path, results: &Results) -> io::Result<Vec<&'static str>> {
    if let Some(sentence) = judge::audit(results).first() {
        let refused = format!("these results are not to be published. {sentence}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, refused));
    }
    let mut changed = Vec::new();
    for table in &TABLES {
        let path = root.join(table.file);
        let before = fs::read_to_string(&path)?;
        let after = table.put_into(&before, results)?;
        if after != before {
            fs::write(&path, after)?;
            changed.push(table.file);
        }
    }
    Ok(changed)
}

/// The files whose tables are not those of the results.
///
/// # Errors
/// As for [`update`], which would have to change them.
pub fn stale(root: &Path, results: &Results) -> io::Result<Vec<&'static str>> {
    let mut stale = Vec::new();
    for table in &TABLES {
        let text = fs::read_to_string(root.join(table.file))?;
        if table.put_into(&text, results)? != text {
            stale.push(table.file);
        }
    }
    Ok(stale)
}

impl Table {
    fn put_into(&self, text: &str, results: &Results) -> io::Result<String> {
        let (begin, end) = (format!("<!-- lab: {} -->\n", self.name), "<!-- lab: end -->");
        let place = text.split_once(&begin).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(end)?;
            Some((before, after))
        });
        let Some((before, after)) = place else {
            let missing = format!("{} has no place for the table \"{}\"", self.file, self.name);
            return Err(io::Error::new(io::ErrorKind::InvalidData, missing));
        };
        Ok(format!("{before}{begin}{}{end}{after}", (self.render)(results)))
    }
}

/// A short table: our backends, and what matters most when one chooses.
fn backends(results: &Results) -> String {
    let figures = Figures::new(results);
    let mut text = String::from(
        "| | µs of processor per request, 64 connections | ÷ floor | pipelined | a connection for \
         each request | p99 at 70 % load | system calls per request |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    for entry in results.entries.iter().filter(|it| it.kind == Kind::Ours && it.twin_of.is_none()) {
        let cpu = |scenario| cost(&figures, scenario, &entry.name);
        let cells = [
            cpu("keep-alive 64"),
            floor_ratio(&figures, "keep-alive 64", &entry.name),
            cpu("pipelined 16"),
            cpu("connection per request"),
            percentile(&figures, "latency at 70 %", &entry.name, 0.99),
            system_calls(results, "keep-alive 64", &entry.name),
        ];
        let _ = writeln!(text, "| {} | {} |", entry.name, cells.join(" | ")); // never fails
    }
    text + &provenance(&results.provenance, &figures)
}

/// Processor time of everybody in every scenario.
fn everything(results: &Results) -> String {
    let figures = Figures::new(results);
    let entries: Vec<&Entry> = results
        .entries
        .iter()
        .filter(|it| it.twin_of.is_none() && it.gate.failed.is_none())
        .collect();
    let mut text = String::from("| µs of processor per request |");
    for entry in &entries {
        let _ = write!(text, " {} |", entry.name);
    }
    let _ = writeln!(text, "\n|---|{}", "--:|".repeat(entries.len()));
    for scenario in &results.scenarios {
        let _ = write!(text, "| {} |", scenario.name);
        for entry in &entries {
            let _ = write!(text, " {} |", cost(&figures, &scenario.name, &entry.name));
        }
        text.push('\n');
    }
    text + &provenance(&results.provenance, &figures)
}

/// Under a table, where it comes from.
fn provenance(provenance: &Provenance, figures: &Figures) -> String {
    let Provenance { commit, toolchain, processor, kernel, pinning, command, rounds, .. } =
        provenance;
    let apart = figures.resolution.cpu.map_or_else(
        || "what this machine can tell apart was not measured".to_owned(),
        |cpu| {
            let apart = "this machine can tell apart what differs by";
            format!("{apart} {:.1} %, under the load in the middle", cpu * 100.0)
        },
    );
    format!(
        "\nMedians of {rounds} rounds; {apart}. `{command}` at {commit}, {toolchain}, {processor}, \
         {kernel}, {pinning}. – : not measured, or void.\n"
    )
}

fn find<'a>(figures: &'a Figures, scenario: &str, entry: &str) -> Option<&'a EntryFigures> {
    let of_scenario = |it: &&ScenarioFigures| it.scenario == scenario;
    let scenario = figures.scenarios.iter().find(of_scenario)?;
    scenario.entries.iter().find(|it| it.entry == entry)
}

fn or_dash(figure: Option<String>) -> String {
    figure.unwrap_or_else(|| "–".to_owned())
}

fn cost(figures: &Figures, scenario: &str, entry: &str) -> String {
    let cpu = find(figures, scenario, entry).and_then(|it| it.cpu);
    or_dash(cpu.map(|cpu| format!("{:.2}", cpu.estimate.median / 1e3)))
}

fn floor_ratio(figures: &Figures, scenario: &str, entry: &str) -> String {
    let floor = find(figures, scenario, entry).and_then(|it| it.cpu?.floor);
    or_dash(floor.map(|floor| format!("{:.2}", floor.median)))
}

fn percentile(figures: &Figures, scenario: &str, entry: &str, fraction: f64) -> String {
    let is_it = |it: &&Percentile| it.fraction == fraction && it.needs == 0.0;
    let percentile =
        find(figures, scenario, entry).and_then(|it| it.percentiles.iter().find(is_it));
    or_dash(percentile.map(|it| format!("{} µs", it.value / 1000)))
}

fn system_calls(results: &Results, scenario: &str, entry: &str) -> String {
    let cause = results.causes.iter().find(|it| it.scenario == scenario && it.entry == entry);
    let calls = cause.and_then(|cause| cause.system_calls.as_ref());
    or_dash(calls.map(|calls| format!("{:.2}", calls.values().sum::<f64>())))
}
