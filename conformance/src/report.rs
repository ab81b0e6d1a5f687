//! The report of a run.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::case::{Case, Section};
use crate::wire::Record;

/// The report of a run: counts by section, and every failure.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The server's address.
    pub server: String,
    /// Cases that passed in every delivery.
    pub passed: usize,
    /// Cases that did not.
    pub failed: usize,
    /// How many times an exchange was played.
    pub exchanges: usize,
    /// How long it took.
    pub milliseconds: u128,
    /// Counts by section, in the order of the RFCs.
    pub sections: Vec<SectionCount>,
    /// At most one per case: the first.
    pub failures: Vec<Failure>,
}

/// How many cases of one section passed.
#[derive(Clone, Debug, Serialize)]
pub struct SectionCount {
    /// Such as `RFC 9112 §6.3`.
    pub section: String,
    /// Cases that passed.
    pub passed: usize,
    /// Cases that did not.
    pub failed: usize,
}

/// A case that did not pass.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The case.
    pub id: String,
    /// Where its requirement stands.
    pub section: String,
    /// The requirement.
    pub requirement: String,
    /// How the bytes were sent.
    pub delivery: String,
    /// The reason, in words.
    pub reason: String,
    /// All bytes that were sent, escaped.
    pub sent: String,
    /// All bytes that came, escaped.
    pub seen: String,
}

impl Report {
    pub(crate) fn new(
        server: &str,
        cases: &[&Case],
        mut failures: Vec<Failure>,
        exchanges: usize,
        elapsed: Duration,
    ) -> Self {
        let place = |failure: &Failure| cases.iter().position(|case| case.id == failure.id);
        failures.sort_by_key(place);
        let mut order: Vec<_> = cases.iter().map(|case| case.section).collect();
        order.sort_by_key(Section::order);
        order.dedup();
        let count = |section| {
            let all = cases.iter().filter(|case| case.section == section);
            let (failed, passed): (Vec<&Case>, Vec<&Case>) =
                all.partition(|case| failures.iter().any(|failure| failure.id == case.id));
            SectionCount {
                section: section.to_string(),
                passed: passed.len(),
                failed: failed.len(),
            }
        };
        Report {
            server: server.into(),
            passed: cases.len() - failures.len(),
            failed: failures.len(),
            exchanges,
            milliseconds: elapsed.as_millis(),
            sections: order.into_iter().map(count).collect(),
            failures,
        }
    }

    /// Whether no case failed, of at least one.
    #[must_use]
    pub fn all_passed(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }

    /// For tests.
    ///
    /// # Panics
    /// With the report as the message, if a case failed or none was run.
    pub fn assert_all_passed(&self) {
        assert!(self.all_passed(), "\n{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for SectionCount { section, passed, failed } in &self.sections {
            write!(f, "{section:<18}{passed:>4} passed")?;
            match failed {
                0 => writeln!(f)?,
                failed => writeln!(f, "{failed:>4} FAILED")?,
            }
        }
        for failure in &self.failures {
            write!(f, "\n{failure}")?;
        }
        let Report { server, passed, failed, exchanges, milliseconds, .. } = self;
        let total = passed + failed;
        writeln!(
            f,
            "\n{server}: {passed} of {total} cases passed ({exchanges} exchanges, \
             {milliseconds} ms)"
        )
    }
}

impl Failure {
    pub(crate) fn new(case: &Case, delivery: String, reason: String, record: &Record) -> Self {
        Failure {
            id: case.id.into(),
            section: case.section.to_string(),
            requirement: case.requirement.into(),
            delivery,
            reason,
            sent: escape(&record.sent),
            seen: escape(&record.seen),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "FAILED {} ({}), {}", self.id, self.section, self.delivery)?;
        writeln!(f, "  {}", self.requirement)?;
        writeln!(f, "  But: {}.", self.reason)?;
        for (label, bytes) in [("sent", &self.sent), ("seen", &self.seen)] {
            writeln!(f, "  {label}:")?;
            for line in bytes.lines() {
                writeln!(f, "    {line}")?;
            }
        }
        Ok(())
    }
}

/// Escaped, with a line break behind every LF, and shortened in the middle if it is long.
fn escape(bytes: &[u8]) -> String {
    const MOST: usize = 1500;
    let lines = |bytes: &[u8]| bytes.escape_ascii().to_string().replace("\\n", "\\n\n");
    if bytes.len() <= MOST {
        return lines(bytes);
    }
    let (first, last) = (&bytes[..MOST / 2], &bytes[bytes.len() - MOST / 2..]);
    let between = bytes.len() - first.len() - last.len();
    format!("{}\n... {between} bytes ...\n{}", lines(first), lines(last))
}
