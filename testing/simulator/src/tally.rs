//! A sum of many simulations, so that one can see that they met what they are for.

use std::collections::BTreeMap;
use std::fmt;

use crate::clients::Language;
use crate::world::Course;

/// A sum over simulations.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many there were.
    pub simulations: usize,
    /// Steps that were taken.
    pub steps: usize,
    /// Requests and messages that were answered.
    pub answers: usize,
    /// Simulations in each language.
    pub languages: BTreeMap<Language, usize>,
    /// Simulations with each kind of mishap.
    pub mishaps: BTreeMap<&'static str, usize>,
}

impl Tally {
    /// Adds one.
    pub fn add(&mut self, course: &Course) {
        self.simulations += 1;
        self.steps += course.steps;
        self.answers += course.answers;
        *self.languages.entry(course.language).or_default() += 1;
        let mishaps = if course.mishaps.is_empty() { &["nothing"] } else { &course.mishaps[..] };
        for mishap in mishaps {
            *self.mishaps.entry(mishap).or_default() += 1;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { simulations, steps, answers, .. } = self;
        writeln!(f, "{simulations} simulations, {steps} steps, {answers} answers")?;
        for (language, count) in &self.languages {
            writeln!(f, "  {count:>7}  {language}")?;
        }
        writeln!(f, "What happened:")?;
        for (mishap, count) in &self.mishaps {
            writeln!(f, "  {count:>7}  {mishap}")?;
        }
        Ok(())
    }
}
