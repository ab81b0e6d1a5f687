//! Whether two runs agree about who is cheaper and who is faster. What one calls different, the
//! other may call a tie; if it calls it different the other way round, one of them is wrong.

use std::cmp::Ordering;

use serde::Serialize;

use crate::report::{EntryFigures, Figures, Judged, ScenarioFigures};
use crate::results::Results;

/// What two runs say about pairs of entries, in all scenarios that both have.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Agreement {
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
}

impl Figure {
    fn of(self, entry: &EntryFigures) -> Option<Judged> {
        match self {
            Figure::Cpu => entry.cpu,
            Figure::Rate => entry.rate,
        }
    }

    fn resolution(self, scenario: &ScenarioFigures) -> Option<f64> {
        match self {
            Figure::Cpu => scenario.resolution.cpu,
            Figure::Rate => scenario.resolution.rate,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Figure::Cpu => "processor time",
            Figure::Rate => "requests per second",
        }
    }
}

/// Compares what two runs call different.
#[must_use]
pub fn of(one: &Results, other: &Results) -> Agreement {
    let (figures, others) = (Figures::new(one), Figures::new(other));
    let mut agreement = Agreement::default();
    let twins = one.entries.iter().filter(|it| it.twin_of.is_some());
    let twins: Vec<String> = twins.map(|it| it.name.clone()).collect();
    for scenario in &figures.scenarios {
        let is_same = |it: &&ScenarioFigures| it.scenario == scenario.scenario;
        if let Some(same) = others.scenarios.iter().find(is_same) {
            agreement.compare(scenario, same, &twins);
        }
    }
    agreement
}

impl Agreement {
    /// How many pairs were compared.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.same + self.one_only + self.tied + self.reversed.len()
    }

    fn compare(&mut self, one: &ScenarioFigures, other: &ScenarioFigures, twins: &[String]) {
        let entries: Vec<_> = one.entries.iter().filter(|it| !twins.contains(&it.entry)).collect();
        for (number, a) in entries.iter().enumerate() {
            for b in &entries[number + 1..] {
                for figure in [Figure::Cpu, Figure::Rate] {
                    let said = [one, other].map(|run| said(run, figure, &a.entry, &b.entry));
                    let [Some(first), Some(second)] = said else { continue };
                    self.note(first, second, || {
                        let figure = figure.name();
                        format!("{}: {figure} of {} and {}", one.scenario, a.entry, b.entry)
                    });
                }
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

/// Which of two has the smaller figure in a run, or `Equal` if that cannot be told.
fn said(run: &ScenarioFigures, figure: Figure, a: &str, b: &str) -> Option<Ordering> {
    let estimate = |name: &str| {
        let entry = run.entries.iter().find(|it| it.entry == name)?;
        figure.of(entry).map(|judged| judged.estimate).filter(crate::statistics::Estimate::is_known)
    };
    let (a, b) = (estimate(a)?, estimate(b)?);
    match a.differs(&b, figure.resolution(run)) {
        true => Some(a.median.total_cmp(&b.median)),
        false => Some(Ordering::Equal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_opposite_verdicts_are_reversed() {
        let mut agreement = Agreement::default();
        let orders = [Ordering::Less, Ordering::Equal, Ordering::Greater];
        for first in orders {
            for second in orders {
                agreement.note(first, second, || format!("{first:?} {second:?}"));
            }
        }
        assert_eq!((agreement.same, agreement.one_only, agreement.tied), (2, 4, 1));
        assert_eq!(agreement.reversed, ["Less Greater", "Greater Less"]);
    }
}
