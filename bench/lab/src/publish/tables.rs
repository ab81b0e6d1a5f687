//! The tables themselves, in Markdown.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::agreement::{Agreement, Run, Verdicts};
use crate::report::{EntryFigures, Figure, Figures, Percentile, ScenarioFigures, ratio};
use crate::results::{Cell, Entry, Gate, Idle, Kind, Provenance, Results, Scenario};
use crate::statistics::Estimate;

/// The load that stands for all others where there is room for one only.
const PLAIN: &str = "keep-alive 64";

/// The loads under which latency is shown.
const LOADED: [(&str, &str); 3] = [
    ("latency at 70 %", "Latency at 70 % of the capacity"),
    ("heavy work beside it", "Latency while others have it compute, on threads for that"),
    ("heavy work on the loop", "Latency while others have it compute, wrongly on the loop"),
];

/// Loads in which ours are set in relation to others,
const RELATED: [&str; 5] =
    ["keep-alive 1", PLAIN, "keep-alive 512", "pipelined 16", "twelve fields"];

/// and the others, besides each one's floor.
const OTHERS: [&str; 3] = ["hyper", "nginx", "h2o"];

/// A short table: what matters most when one chooses, of our backends and of well-known servers.
pub(super) fn backends(results: &Results) -> String {
    let figures = Figures::new(results);
    let head = [
        "",
        "µs of processor per request, 64 connections",
        "÷ floor",
        "a connection for each request",
        "p50 at 70 % load",
        "system calls per request",
        "bytes per idle connection",
    ];
    let is_shown = |entry: &&Entry| entry.kind == Kind::Ours || OTHERS.contains(&&*entry.name);
    let row = |entry: &Entry| {
        vec![
            entry.name.clone(),
            cost(&figures, PLAIN, &entry.name),
            floor_ratio(&figures, PLAIN, &entry.name),
            cost(&figures, "connection per request", &entry.name),
            percentile(&figures, LOADED[0].0, &entry.name, 0.5),
            system_calls(results, PLAIN, &entry.name),
            idle(results, &entry.name, "HTTP/1.1"),
        ]
    };
    let rows = contestants(results).filter(is_shown).map(row);
    markdown(&head, rows) + &provenance(&results.provenance, &figures)
}

/// Everything that was found out, as far as it is a figure for each entry.
pub(super) fn everything(results: &Results) -> String {
    let figures = Figures::new(results);
    let mut text = provenance(&results.provenance, &figures);
    let mut section = |title: &str, table: String| {
        let _ = write!(text, "\n### {title}\n\n{table}"); // a string takes everything
    };
    section("Who answered rightly", gates(results));
    section("Ours in relation to others", related(results));
    for group in groups(results, &figures) {
        let title = format!("Processor time, {group}: microseconds per request");
        section(&title, costs(results, &figures, &group));
    }
    for (scenario, title) in LOADED {
        section(title, latency(results, &figures, scenario));
    }
    section("Idle connections: bytes of the server's own memory for each", idle_table(results));
    section("System calls per request", calls(results));
    section("What this machine can tell apart, and what is void", doubts(results, &figures));
    text
}

/// Whether a second run says the same as the published one.
pub(super) fn agreement(agreement: Option<&Agreement>) -> String {
    let Some(agreement) = agreement else {
        return "\nNo second run has been compared with this one yet.\n".to_owned();
    };
    let run = |run: &Run| {
        let apart = or_dash(run.apart.map(percent));
        vec![
            run.began.clone(),
            run.commit.clone(),
            run.kernel.clone(),
            run.rounds.to_string(),
            apart,
        ]
    };
    let verdicts = |it: &Verdicts| {
        let counts = [it.pairs(), it.same, it.one_only, it.tied, it.reversed.len()];
        let counts = counts.map(|count| thousands(count as f64));
        [it.figure.clone()].into_iter().chain(counts).collect()
    };
    let of_runs = ["began", "commit", "kernel", "rounds", "A/A, processor time"];
    let of_verdicts = [
        "",
        "pairs",
        "different in both, alike",
        "different in one",
        "tied in both",
        "different the other way round",
    ];
    let reversed = agreement.verdicts.iter().flat_map(|it| &it.reversed);
    let reversed: String =
        reversed.map(|pair| format!("\n- the other way round: {pair}")).collect();
    let tables = [
        markdown(&of_runs, agreement.runs.iter().map(run)),
        markdown(&of_verdicts, agreement.verdicts.iter().map(verdicts)),
    ];
    format!("\n{}{reversed}\n", tables.join("\n"))
}

/// Those who have figures, without twins.
fn contestants(results: &Results) -> impl Iterator<Item = &Entry> {
    results.entries.iter().filter(|it| it.twin_of.is_none() && it.gate.failed.is_none())
}

/// What came of the gate, of those as well who have no figures.
fn gates(results: &Results) -> String {
    let head = ["", "exchanges", "conformance cases passed", "result"];
    let row = |entry: &Entry| {
        let Gate { tried, conformance, failed, refused, .. } = &entry.gate;
        let passed = conformance.map(|(passed, of)| {
            format!("{} of {}", thousands(passed.into()), thousands(of.into()))
        });
        let refused = refused.iter().map(|it| format!("no {}: {}", it.scenario, it.reason));
        let failed = failed.iter().map(|reason| format!("no figures: {reason}"));
        let wrong: Vec<String> = failed.chain(refused).collect();
        let result = if wrong.is_empty() { "all right".to_owned() } else { wrong.join("; ") };
        let result = result.replace('|', "\\|"); // a server's words must not end a cell
        vec![entry.name.clone(), thousands((*tried).into()), or_dash(passed), result]
    };
    let entries = results.entries.iter().filter(|it| it.twin_of.is_none());
    markdown(&head, entries.map(row))
}

/// The groups of scenarios in which processor time counts: where a burden takes a part of it,
/// nobody knows how much of it the requests took.
fn groups(results: &Results, figures: &Figures) -> Vec<String> {
    let is_known = |scenario: &&Scenario| {
        let names = contestants(results).map(|it| &it.name);
        names.filter_map(|name| find(figures, &scenario.name, name)).any(|it| it.cpu.is_some())
    };
    let known = results.scenarios.iter().filter(is_known);
    let mut groups: Vec<String> = known.map(|it| it.group.clone()).collect();
    groups.dedup();
    groups
}

/// A table whose first column has names, and the others numbers.
fn markdown(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|---|{}\n", head.join(" | "), "--:|".repeat(head.len() - 1));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | ")); // a string takes everything
    }
    text
}

/// The processor time of ours, divided by that of their floor, and of others.
fn related(results: &Results) -> String {
    let by = |scenario: &str, entry: &Entry| {
        let others = entry.floor.as_deref().into_iter().chain(OTHERS);
        let ratios = others.map(|other| {
            let ratio = ratio(results, scenario, &entry.name, other, Figure::Cpu);
            or_dash(ratio.filter(Estimate::is_known).map(|ratio| format!("{:.2}", ratio.median)))
        });
        ratios.collect::<Vec<_>>().join(" / ")
    };
    let row = |entry: &Entry| {
        let ratios = RELATED.iter().map(|scenario| by(scenario, entry));
        [entry.name.clone()].into_iter().chain(ratios).collect()
    };
    let ours = contestants(results).filter(|entry| entry.kind == Kind::Ours);
    let head: Vec<&str> = [""].into_iter().chain(RELATED).collect();
    let others = OTHERS.join(" / ");
    format!("Processor time ÷ floor / {others}.\n\n") + &markdown(&head, ours.map(row))
}

fn costs(results: &Results, figures: &Figures, group: &str) -> String {
    let scenarios: Vec<&Scenario> =
        results.scenarios.iter().filter(|scenario| scenario.group == group).collect();
    let names = scenarios.iter().map(|scenario| scenario.name.as_str());
    let head: Vec<&str> = [""].into_iter().chain(names).collect();
    let row = |entry: &Entry| {
        let costs = scenarios.iter().map(|scenario| cost(figures, &scenario.name, &entry.name));
        [entry.name.clone()].into_iter().chain(costs).collect()
    };
    let takes_part = |entry: &&Entry| {
        scenarios.iter().any(|scenario| find(figures, &scenario.name, &entry.name).is_some())
    };
    markdown(&head, contestants(results).filter(takes_part).map(row))
}

fn latency(results: &Results, figures: &Figures, scenario: &str) -> String {
    let head = ["", "mean", "p50", "p90", "p99", "p99.9"];
    let row = |entry: &Entry| {
        let mean = find(figures, scenario, &entry.name)?.mean?;
        let of = |fraction| percentile(figures, scenario, &entry.name, fraction);
        Some(vec![
            entry.name.clone(),
            microseconds(mean.median),
            of(0.5),
            of(0.9),
            of(0.99),
            of(0.999),
        ])
    };
    markdown(&head, contestants(results).filter_map(row))
}

fn idle_table(results: &Results) -> String {
    let speaks: BTreeSet<&str> = results.idle.iter().map(|it| it.speaks.as_str()).collect();
    let head: Vec<&str> = [""].into_iter().chain(speaks.iter().copied()).collect();
    let row = |entry: &Entry| {
        let bytes = speaks.iter().map(|speaks| idle(results, &entry.name, speaks));
        [entry.name.clone()].into_iter().chain(bytes).collect()
    };
    markdown(&head, contestants(results).map(row))
}

fn calls(results: &Results) -> String {
    let is_counted = |scenario: &&Scenario| {
        let counted = |it: &&crate::results::Cause| it.system_calls.is_some();
        results.causes.iter().filter(counted).any(|cause| cause.scenario == scenario.name)
    };
    let names: Vec<&str> =
        results.scenarios.iter().filter(is_counted).map(|it| it.name.as_str()).collect();
    let head: Vec<&str> = [""].into_iter().chain(names.iter().copied()).collect();
    let row = |entry: &Entry| {
        let calls = names.iter().map(|scenario| system_calls(results, scenario, &entry.name));
        [entry.name.clone()].into_iter().chain(calls).collect()
    };
    markdown(&head, contestants(results).map(row))
}

/// For each load, how small a difference is one, and how many measurements are void.
fn doubts(results: &Results, figures: &Figures) -> String {
    let head = [
        "",
        "A/A, processor time",
        "A/A, rate",
        "measurements",
        "void",
        "only rate",
        "only processor time",
        "only latency",
    ];
    let percent = |part: Option<f64>| or_dash(part.map(percent));
    let row = |scenario: &ScenarioFigures| {
        let cells: Vec<&Cell> =
            results.cells.iter().filter(|cell| cell.scenario == scenario.scenario).collect();
        let void = |figure: &str| {
            let is_void = |cell: &&&Cell| cell.void.iter().any(|void| void.figure == figure);
            cells.iter().filter(is_void).count().to_string()
        };
        vec![
            scenario.scenario.clone(),
            percent(scenario.resolution.cpu),
            percent(scenario.resolution.rate),
            cells.len().to_string(),
            void("all"),
            void("rate"),
            void("cpu"),
            void("latency"),
        ]
    };
    markdown(&head, figures.scenarios.iter().map(row))
}

/// Where all of it comes from.
fn provenance(provenance: &Provenance, figures: &Figures) -> String {
    let Provenance { commit, toolchain, processor, kernel, pinning, command, rounds, .. } =
        provenance;
    let apart = figures.resolution.cpu.map_or_else(
        || "what this machine can tell apart was not measured".to_owned(),
        |cpu| {
            let apart = "this machine can tell apart what differs by";
            format!("{apart} {:.1} % (median over all loads)", cpu * 100.0)
        },
    );
    format!(
        "\nMedians of {rounds} rounds; {apart}. `{command}` at {commit}, {toolchain}, {processor}, \
         {kernel}, {pinning}. – : not measured, or void; ~ : too few rounds for an interval; \
         needs: it would have to be measured for so much longer to be known to 10 %.\n"
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
    or_dash(cpu.map(|cpu| {
        let is_known = cpu.estimate.is_known();
        format!("{}{}", if is_known { "" } else { "~" }, significant(cpu.estimate.median / 1e3))
    }))
}

fn floor_ratio(figures: &Figures, scenario: &str, entry: &str) -> String {
    let floor = find(figures, scenario, entry).and_then(|it| it.cpu?.floor);
    let floor = floor.filter(Estimate::is_known);
    or_dash(floor.map(|floor| format!("{:.2}", floor.median)))
}

fn percentile(figures: &Figures, scenario: &str, entry: &str, fraction: f64) -> String {
    let is_it = |it: &&Percentile| it.fraction == fraction;
    let percentile =
        find(figures, scenario, entry).and_then(|it| it.percentiles.iter().find(is_it));
    or_dash(percentile.map(|it| match it.needs {
        0.0 => microseconds(it.value as f64),
        needs => format!("needs {}", duration(needs)),
    }))
}

fn system_calls(results: &Results, scenario: &str, entry: &str) -> String {
    let cause = results.causes.iter().find(|it| it.scenario == scenario && it.entry == entry);
    let calls = cause.and_then(|cause| cause.system_calls.as_ref());
    // The sum of nothing is -0.
    or_dash(calls.map(|calls| format!("{:.2}", 0.0 + calls.values().sum::<f64>())))
}

fn idle(results: &Results, entry: &str, speaks: &str) -> String {
    let is_it = |it: &&Idle| it.entry == entry && it.speaks == speaks && it.user_bytes > 0.0;
    or_dash(results.idle.iter().find(is_it).map(|idle| thousands(idle.user_bytes)))
}

/// Three digits, or all that are before the point.
fn significant(number: f64) -> String {
    let digits = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    format!("{number:.digits$}")
}

fn microseconds(nanoseconds: f64) -> String {
    match nanoseconds / 1e3 {
        microseconds if microseconds < 1e4 => format!("{} µs", significant(microseconds)),
        microseconds => format!("{} ms", significant(microseconds / 1e3)),
    }
}

fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// A time that has to pass, in whole units.
fn duration(seconds: f64) -> String {
    let (unit, length) = match seconds {
        ..100.0 => ("s", 1.0),
        ..6000.0 => ("min", 60.0),
        _ => ("h", 3600.0),
    };
    format!("{:.0} {unit}", (seconds / length).ceil())
}

/// A whole number, with a comma between the thousands.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_they_are_known_to() {
        assert_eq!([6.204, 23.41, 382.23].map(significant), ["6.20", "23.4", "382"]);
        assert_eq!([25_300.0, 74e6].map(microseconds), ["25.3 µs", "74.0 ms"]);
        assert_eq!([0.2, 837.0, 61_733.0].map(duration), ["1 s", "14 min", "18 h"]);
        assert_eq!([945.4, 5141.0, 1_234_567.0].map(thousands), ["945", "5,141", "1,234,567"]);
    }

    #[test]
    fn who_says_the_opposite_is_named() {
        let run = |began: &str| Run {
            commit: "f352fdc5e4".into(),
            began: began.into(),
            kernel: "Linux 6.18".into(),
            rounds: 10,
            apart: Some(0.0713),
        };
        let verdicts = Verdicts {
            figure: "processor time".into(),
            same: 1407,
            one_only: 529,
            tied: 706,
            reversed: vec!["TLS: mio and smol".into()],
        };
        let runs = [run("2026-11-29T07:17:37Z"), run("2026-11-29T15:00:00Z")];
        let text = agreement(Some(&Agreement { runs, verdicts: vec![verdicts] }));
        for line in [
            "| 2026-11-29T07:17:37Z | f352fdc5e4 | Linux 6.18 | 10 | 7.1 % |\n",
            "| processor time | 2,643 | 1,407 | 529 | 706 | 1 |\n",
            "- the other way round: TLS: mio and smol\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert!(agreement(None).contains("No second run"));
    }

    #[test]
    fn a_table_has_a_column_of_names_and_columns_of_numbers() {
        let table = markdown(&["", "a"], [vec!["mio".to_owned(), "1".to_owned()]]);
        assert_eq!(table, "|  | a |\n|---|--:|\n| mio | 1 |\n");
    }
}
