//! Whether two runs agree about who is cheaper and who is faster. What one calls different, the
//! other may call a tie; if it calls it different the other way round, one of them is wrong.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::report::{EntryFigures, Figures, PERCENTILES, ScenarioFigures};
use crate::results::{Provenance, Results};
use crate::statistics::Estimate;

/// Two runs, and what they say about pairs of entries in all scenarios that both have.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Agreement {
    /// The two.
    pub runs: [Run; 2],
    /// For each kind of figure.
    pub verdicts: Vec<Verdicts>,
}

/// What tells a run from others.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The commit.
    pub commit: String,
    /// When it began, in UTC, as RFC 3339 writes it.
    pub began: String,
    /// Name and release of the kernel.
    pub kernel: String,
    /// Rounds that were made.
    pub rounds: u32,
    /// What A/A shows in processor time, in the scenario in the middle: the smallest relative
    /// difference that was called one.
    pub apart: Option<f64>,
}

/// What two runs say about pairs of entries by a kind of figure.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Verdicts {
    /// Which figure, in words.
    pub figure: String,
    /// Pairs that both call different, in the same direction.
    pub same: usize,
    /// Pairs that one calls different, and the other a tie.
    pub one_only: usize,
    /// Pairs that both call a tie.
    pub tied: usize,
    /// Pairs that they call different in opposite directions: a sentence for each.
    pub reversed: Vec<String>,
}

/// A figure that both runs have.
#[derive(Clone, Copy)]
enum Figure {
    Cpu,
    Rate,
    Percentile(f64),
}

/// A scenario in one run, with the names of twins and of those that they are the same as.
#[derive(Clone, Copy)]
struct Side<'a> {
    scenario: &'a ScenarioFigures,
    twins: &'a [(&'a str, &'a str)],
}

impl Figure {
    /// The figure of an entry, if it is known.
    fn of(self, entry: &EntryFigures) -> Option<Estimate> {
        match self {
            Figure::Cpu => entry.cpu.map(|cpu| cpu.estimate).filter(Estimate::is_known),
            Figure::Rate => entry.rate.map(|rate| rate.estimate).filter(Estimate::is_known),
            Figure::Percentile(fraction) => {
                let is_it = |it: &&crate::report::Percentile| it.fraction == fraction;
                let found = entry.percentiles.iter().find(is_it).filter(|it| it.needs == 0.0)?;
                Some(Estimate { median: found.value as f64, interval: found.interval, rounds: 0 })
            }
        }
    }

    /// The smallest relative difference that may be called one; `None` if that is not known.
    fn resolution(self, side: Side<'_>) -> Option<f64> {
        match self {
            Figure::Cpu => side.scenario.resolution.cpu,
            Figure::Rate => side.scenario.resolution.rate,
            Figure::Percentile(_) => {
                let apart = |&(twin, same): &(&str, &str)| {
                    let (a, b) = (side.figure(self, twin)?, side.figure(self, same)?);
                    let (a, b) = (a.interval?, b.interval?);
                    Some((a.high / b.low).max(b.high / a.low) - 1.0)
                };
                side.twins.iter().filter_map(apart).reduce(f64::max)
            }
        }
    }

    fn name(self) -> String {
        match self {
            Figure::Cpu => "processor time".to_owned(),
            Figure::Rate => "requests per second".to_owned(),
            Figure::Percentile(fraction) => format!("latency, p{}", fraction * 100.0),
        }
    }
}

impl Side<'_> {
    fn figure(self, figure: Figure, name: &str) -> Option<Estimate> {
        figure.of(self.scenario.entries.iter().find(|it| it.entry == name)?)
    }

    /// Which of two has the smaller figure, or `Equal` if that cannot be told. Nothing is said of
    /// latencies without twins whose latency is known: who knows what the same would differ by?
    fn said(self, figure: Figure, a: &str, b: &str) -> Option<Ordering> {
        let (a, b) = (self.figure(figure, a)?, self.figure(figure, b)?);
        let resolution = figure.resolution(self);
        if matches!(figure, Figure::Percentile(_)) && resolution.is_none() {
            return None;
        }
        match a.differs(&b, resolution) {
            true => Some(a.median.total_cmp(&b.median)),
            false => Some(Ordering::Equal),
        }
    }
}

/// Compares what two runs call different.
#[must_use]
pub fn of(one: &Results, other: &Results) -> Agreement {
    let (figures, others) = (Figures::new(one), Figures::new(other));
    let (twins, other_twins) = (twins(one), twins(other));
    let percentiles = PERCENTILES.map(Figure::Percentile);
    let kinds = [Figure::Cpu, Figure::Rate].into_iter().chain(percentiles);
    let verdicts = kinds.map(|figure| {
        let mut verdicts = Verdicts { figure: figure.name(), ..Verdicts::default() };
        for scenario in &figures.scenarios {
            let is_same = |it: &&ScenarioFigures| it.scenario == scenario.scenario;
            if let Some(same) = others.scenarios.iter().find(is_same) {
                let side = Side { scenario, twins: &twins };
                let other = Side { scenario: same, twins: &other_twins };
                verdicts.compare(figure, side, other);
            }
        }
        verdicts
    });
    Agreement {
        verdicts: verdicts.filter(|it| it.pairs() > 0).collect(),
        runs: [Run::new(&one.provenance, &figures), Run::new(&other.provenance, &others)],
    }
}

/// The names of twins, each with that of the entry that it is the same as.
fn twins(results: &Results) -> Vec<(&str, &str)> {
    let entries = results.entries.iter();
    entries.filter_map(|it| Some((it.name.as_str(), it.twin_of.as_deref()?))).collect()
}

impl Agreement {
    /// Whether no pair is called different in opposite directions.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.verdicts.iter().all(|verdicts| verdicts.reversed.is_empty())
    }
}

impl Run {
    /// Of results, and what they come to.
    #[must_use]
    pub fn new(provenance: &Provenance, figures: &Figures) -> Self {
        let Provenance { commit, began, kernel, rounds, .. } = provenance.clone();
        Run { commit, began, kernel, rounds, apart: figures.resolution.cpu }
    }
}

impl Verdicts {
    /// How many pairs were compared.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.same + self.one_only + self.tied + self.reversed.len()
    }

    fn compare(&mut self, figure: Figure, one: Side<'_>, other: Side<'_>) {
        let is_twin = |name: &str| one.twins.iter().any(|(twin, _)| *twin == name);
        let names = one.scenario.entries.iter().map(|it| it.entry.as_str());
        let names: Vec<&str> = names.filter(|name| !is_twin(name)).collect();
        for (number, a) in names.iter().enumerate() {
            for b in &names[number + 1..] {
                let said = [one, other].map(|side| side.said(figure, a, b));
                let [Some(first), Some(second)] = said else { continue };
                self.note(first, second, || format!("{}: {a} and {b}", one.scenario.scenario));
            }
        }
    }

    fn note(&mut self, first: Ordering, second: Ordering, pair: impl FnOnce() -> String) {
        match (first, second) {
            (Ordering::Equal, Ordering::Equal) => self.tied += 1,
            (Ordering::Equal, _) | (_, Ordering::Equal) => self.one_only += 1,
            (first, second) if first == second => self.same += 1,
            _ => self.reversed.push(pair()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Percentile, Resolution};
    use crate::statistics::Interval;

    #[test]
    fn only_opposite_verdicts_are_reversed() {
        let mut verdicts = Verdicts::default();
        let orders = [Ordering::Less, Ordering::Equal, Ordering::Greater];
        for first in orders {
            for second in orders {
                verdicts.note(first, second, || format!("{first:?} {second:?}"));
            }
        }
        assert_eq!((verdicts.same, verdicts.one_only, verdicts.tied), (2, 4, 1));
        assert_eq!(verdicts.reversed, ["Less Greater", "Greater Less"]);
    }

    /// A scenario in which a percentile of three entries is known to 4 %, or not at all.
    fn scenario(values: [(&str, u64); 3], needs: f64) -> ScenarioFigures {
        let entry = |(name, value): (&str, u64)| {
            let interval = Interval { low: value as f64 * 0.98, high: value as f64 * 1.02 };
            let median = Percentile { fraction: 0.5, value, interval: Some(interval), needs };
            let entry = name.to_owned();
            EntryFigures { entry, rate: None, cpu: None, mean: None, percentiles: vec![median] }
        };
        ScenarioFigures {
            scenario: "latency at 70 %".to_owned(),
            resolution: Resolution::default(),
            entries: values.map(entry).into(),
        }
    }

    #[test]
    fn latencies_are_compared_where_they_are_known_and_twins_say_what_a_difference_is() {
        let said = |values, needs, twins: &[(&str, &str)]| {
            let scenario = scenario(values, needs);
            Side { scenario: &scenario, twins }.said(Figure::Percentile(0.5), "a", "b")
        };
        let twins = [("a (twin)", "a")];
        let far = [("a", 100), ("a (twin)", 103), ("b", 150)];
        assert_eq!(said(far, 0.0, &twins), Some(Ordering::Less));
        assert_eq!(said(far, 1.0, &twins), None, "it would have to be measured for longer");
        assert_eq!(said(far, 0.0, &[]), None, "nobody knows what twins differ by");
        let near = [("a", 100), ("a (twin)", 103), ("b", 106)];
        assert_eq!(said(near, 0.0, &twins), Some(Ordering::Equal));
    }
}
