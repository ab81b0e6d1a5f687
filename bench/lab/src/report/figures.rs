//! What results come to: estimates, ties, and which figures count for nothing.
//!
//! `page/figures.js` computes the same in the reader's browser, and names everything alike.

use std::collections::HashMap;

use serde::Serialize;

use crate::results::{Cell, Entry, Kind, Results, Scenario};
use crate::statistics::{Estimate, FEWEST_ROUNDS, Histograms, Interval, median};

/// The percentiles that are looked at, as fractions.
pub const PERCENTILES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 0.9999];

/// A percentile counts if its interval is no wider than this, relative to itself,
const WIDEST: f64 = 0.1;

/// and if so many values at least are beyond it: the interval cannot know what never happened.
const FEWEST_BEYOND: u64 = 10;

/// Everything that is computed from [`Results`].
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Figures {
    /// That of the scenario in the middle,
    pub resolution: Resolution,
    /// and the largest of all.
    pub worst: Resolution,
    /// In the order of the results.
    pub scenarios: Vec<ScenarioFigures>,
}

/// The smallest relative difference that may be called one, by A/A; `None` without twins.
#[derive(Clone, Copy, Default, PartialEq, Debug, Serialize)]
pub struct Resolution {
    /// In requests per second.
    pub rate: Option<f64>,
    /// In processor time per request.
    pub cpu: Option<f64>,
}

/// What was found out in one scenario.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ScenarioFigures {
    /// Its name.
    pub scenario: String,
    /// That of the twins in this scenario; without them, the worst of all.
    pub resolution: Resolution,
    /// Entries that have a measurement, void or not, in the order of the results.
    pub entries: Vec<EntryFigures>,
}

/// What was found out about one entry in one scenario.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct EntryFigures {
    /// Its name.
    pub entry: String,
    /// Requests per second.
    pub rate: Option<Judged>,
    /// Processor time for each request, in nanoseconds.
    pub cpu: Option<Judged>,
    /// The mean latency in nanoseconds, where latency is a figure.
    pub mean: Option<Estimate>,
    /// Percentiles of the latency, where that is a figure.
    pub percentiles: Vec<Percentile>,
}

/// A figure beside those of others.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Judged {
    /// The figure.
    pub estimate: Estimate,
    /// Its ratio to that of the entry's floor.
    pub floor: Option<Estimate>,
    /// Whether this is the best of ours and the peers, or cannot be told apart from it.
    pub tied: bool,
}

/// A percentile of latencies.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Percentile {
    /// Which, as a fraction.
    pub fraction: f64,
    /// In nanoseconds.
    pub value: u64,
    /// Where it lies.
    pub interval: Option<Interval>,
    /// How many seconds more would have to be measured, until it can be believed; 0: it can.
    pub needs: f64,
}

/// Which figure of a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Figure {
    /// Requests per second.
    Rate,
    /// Processor time for each request, in nanoseconds.
    Cpu,
    /// The mean latency, in nanoseconds.
    Latency,
}

impl Figure {
    /// As a [`Void`](crate::results::Void) names it.
    fn name(self) -> &'static str {
        match self {
            Figure::Rate => "rate",
            Figure::Cpu => "cpu",
            Figure::Latency => "latency",
        }
    }

    /// The value in a cell, if it counts.
    fn of(self, cell: &Cell) -> Option<f64> {
        let void = cell.void.iter().any(|void| void.figure == "all" || void.figure == self.name());
        let counts = !void && cell.requests > 0 && cell.seconds > 0.0;
        counts.then(|| match self {
            Figure::Rate => cell.requests as f64 / cell.seconds,
            Figure::Cpu => cell.cpu as f64 / cell.requests as f64,
            Figure::Latency => cell.mean,
        })
    }

    /// Whether it says something in a scenario: on a schedule that can be kept, the rate is what
    /// was offered.
    fn is_one_of(self, scenario: &Scenario) -> bool {
        self != Figure::Rate || scenario.load.is_none_or(|load| load > 1.0)
    }

    fn better(self, a: f64, b: f64) -> bool {
        if self == Figure::Rate { a > b } else { a < b }
    }
}

impl Figures {
    /// Computes them.
    #[must_use]
    pub fn new(results: &Results) -> Self {
        let cells = Cells::new(results);
        let own = |scenario: &Scenario| Resolution {
            rate: resolution(&cells, results, scenario, Figure::Rate),
            cpu: resolution(&cells, results, scenario, Figure::Cpu),
        };
        let own: Vec<Resolution> = results.scenarios.iter().map(own).collect();
        let of_all = |of: fn(&[f64]) -> Option<f64>| Resolution {
            rate: of(&own.iter().filter_map(|own| own.rate).collect::<Vec<_>>()),
            cpu: of(&own.iter().filter_map(|own| own.cpu).collect::<Vec<_>>()),
        };
        let (resolution, worst) = (of_all(median), of_all(largest));
        let scenario_figures = |(scenario, own): (&Scenario, &Resolution)| {
            let rate = own.rate.or(worst.rate);
            let cpu = own.cpu.or(worst.cpu);
            scenario_figures(&cells, results, scenario, Resolution { rate, cpu })
        };
        let scenarios = results.scenarios.iter().zip(&own).map(scenario_figures).collect();
        Figures { resolution, worst, scenarios }
    }
}

/// The cells of each entry in each scenario, in the order in which they were measured.
struct Cells<'a>(HashMap<&'a str, HashMap<&'a str, Vec<&'a Cell>>>);

impl<'a> Cells<'a> {
    fn new(results: &'a Results) -> Self {
        let mut cells: HashMap<&str, HashMap<&str, Vec<&Cell>>> = HashMap::new();
        for cell in &results.cells {
            let scenario = cells.entry(&cell.scenario).or_default();
            scenario.entry(&cell.entry).or_default().push(cell);
        }
        Cells(cells)
    }

    fn of(&self, scenario: &Scenario, entry: &str) -> &[&'a Cell] {
        let scenario = self.0.get(scenario.name.as_str());
        scenario.and_then(|entries| entries.get(entry)).map_or(&[], Vec::as_slice)
    }

    fn estimate(&self, scenario: &Scenario, entry: &str, figure: Figure) -> Option<Estimate> {
        if !figure.is_one_of(scenario) {
            return None;
        }
        let cells = self.of(scenario, entry).iter();
        Estimate::of_median(&cells.filter_map(|cell| figure.of(cell)).collect::<Vec<_>>())
    }

    /// The ratio of two entries, from the rounds in which both count.
    fn ratio(&self, scenario: &Scenario, a: &str, b: &str, figure: Figure) -> Option<Estimate> {
        if !figure.is_one_of(scenario) {
            return None;
        }
        let below = self.of(scenario, b);
        let pair = |cell: &&Cell| {
            let of_round = |other: &&Cell| figure.of(other).filter(|_| other.round == cell.round);
            Some((figure.of(cell)?, below.iter().find_map(of_round)?))
        };
        let pairs: Vec<_> = self.of(scenario, a).iter().filter_map(pair).collect();
        Estimate::of_ratio(&pairs)
    }
}

/// The ratio of a figure of two entries in a scenario, if both have it in any round.
#[must_use]
pub fn ratio(
    results: &Results,
    scenario: &str,
    a: &str,
    b: &str,
    figure: Figure,
) -> Option<Estimate> {
    let scenario = results.scenarios.iter().find(|it| it.name == scenario)?;
    Cells::new(results).ratio(scenario, a, b, figure)
}

/// What A/A shows: the most that the twins of a scenario may differ by.
fn resolution(
    cells: &Cells<'_>,
    results: &Results,
    scenario: &Scenario,
    figure: Figure,
) -> Option<f64> {
    let of_twin = |entry: &Entry| {
        let twin = entry.twin_of.as_ref()?;
        cells.ratio(scenario, &entry.name, twin, figure)?.resolution()
    };
    largest(&results.entries.iter().filter_map(of_twin).collect::<Vec<_>>())
}

fn largest(values: &[f64]) -> Option<f64> {
    values.iter().copied().reduce(f64::max)
}

fn scenario_figures(
    cells: &Cells<'_>,
    results: &Results,
    scenario: &Scenario,
    resolution: Resolution,
) -> ScenarioFigures {
    let measured = |entry: &&Entry| !cells.of(scenario, &entry.name).is_empty();
    let entries: Vec<&Entry> = results.entries.iter().filter(measured).collect();
    let mut rate = judge(cells, scenario, &entries, Figure::Rate, resolution.rate).into_iter();
    let mut cpu = judge(cells, scenario, &entries, Figure::Cpu, resolution.cpu).into_iter();
    let entry_figures = |entry: &&Entry| {
        let mean = || cells.estimate(scenario, &entry.name, Figure::Latency);
        EntryFigures {
            entry: entry.name.clone(),
            rate: rate.next().flatten(),
            cpu: cpu.next().flatten(),
            mean: scenario.latency.then(mean).flatten(),
            percentiles: percentiles(scenario, cells.of(scenario, &entry.name)),
        }
    };
    let entries = entries.iter().map(entry_figures).collect();
    ScenarioFigures { scenario: scenario.name.clone(), resolution, entries }
}

/// One figure of all entries, with who is best or tied with the best. Floors cannot be the best, as
/// they do not speak HTTP, and a twin is only there for A/A.
fn judge(
    cells: &Cells<'_>,
    scenario: &Scenario,
    entries: &[&Entry],
    figure: Figure,
    resolution: Option<f64>,
) -> Vec<Option<Judged>> {
    let estimate = |entry: &&Entry| cells.estimate(scenario, &entry.name, figure);
    let estimates: Vec<Option<Estimate>> = entries.iter().map(estimate).collect();
    let competes = |entry: &Entry| entry.kind != Kind::Floor && entry.twin_of.is_none();
    let best = entries
        .iter()
        .zip(&estimates)
        .filter(|(entry, _)| competes(entry))
        .filter_map(|(_, estimate)| estimate.filter(Estimate::is_known))
        .reduce(|a, b| if figure.better(b.median, a.median) { b } else { a });
    let judged = |(entry, estimate): (&&Entry, &Option<Estimate>)| {
        let estimate = (*estimate)?;
        let floor = entry.floor.as_ref();
        let is_candidate = competes(entry) && estimate.is_known();
        Some(Judged {
            estimate,
            floor: floor.and_then(|floor| cells.ratio(scenario, &entry.name, floor, figure)),
            tied: is_candidate && best.is_some_and(|best| !estimate.differs(&best, resolution)),
        })
    };
    entries.iter().zip(&estimates).map(judged).collect()
}

fn percentiles(scenario: &Scenario, cells: &[&Cell]) -> Vec<Percentile> {
    let counted = || cells.iter().filter(|cell| Figure::Latency.of(cell).is_some());
    if !scenario.latency {
        return Vec::new();
    }
    let histograms = Histograms::new(counted().map(|cell| cell.latency.as_slice()));
    let seconds: f64 = counted().map(|cell| cell.seconds).sum();
    let percentile = |fraction: f64| {
        let value = histograms.percentile(fraction)?;
        let interval = histograms.interval(fraction);
        let needs = needs(value, interval, histograms.beyond(fraction), seconds);
        Some(Percentile { fraction, value, interval, needs })
    };
    PERCENTILES.into_iter().filter_map(percentile).collect()
}

/// The seconds that are missing. An interval becomes narrower with the square root of the time, and
/// what is beyond a percentile grows with it.
fn needs(value: u64, interval: Option<Interval>, beyond: u64, seconds: f64) -> f64 {
    let Some(Interval { low, high }) = interval else { return seconds * FEWEST_ROUNDS as f64 };
    let width = (high - low) / value as f64 / WIDEST;
    let for_beyond = FEWEST_BEYOND as f64 / beyond.max(1) as f64;
    seconds * ((width * width).max(for_beyond).max(1.0) - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_counts_if_it_is_narrow_and_enough_is_beyond() {
        let within = |low, high| Some(Interval { low, high });
        assert_eq!(needs(100, within(96.0, 104.0), 10, 30.0), 0.0);
        assert_eq!(needs(100, within(90.0, 110.0), 10, 30.0), 90.0);
        assert_eq!(needs(100, within(96.0, 104.0), 5, 30.0), 30.0);
        assert_eq!(needs(100, None, 10, 30.0), 180.0);
    }

    #[test]
    fn a_void_of_one_figure_leaves_the_others() {
        let void = |figure: &str| crate::results::Void { figure: figure.into(), reason: "".into() };
        let cell = |figure| Cell {
            seconds: 2.0,
            requests: 10,
            cpu: 50,
            mean: 7.0,
            void: vec![void(figure)],
            ..Cell::default()
        };
        let figures = [Figure::Rate, Figure::Cpu, Figure::Latency];
        let of = |cell: Cell| figures.map(|figure| figure.of(&cell));
        assert_eq!(of(cell("latency")), [Some(5.0), Some(5.0), None]);
        assert_eq!(of(cell("rate")), [None, Some(5.0), Some(7.0)]);
        assert_eq!(of(cell("all")), [None; 3]);
        assert_eq!(of(Cell::default()), [None; 3], "nothing was measured");
    }
}
