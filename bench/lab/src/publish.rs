//! Tables in the documentation that come from results in the repository, and the check that they
//! still do.

mod tables;

use std::io::ErrorKind;
use std::path::Path;
use std::{fs, io};

use crate::agreement::{Agreement, Run};
use crate::judge;
use crate::report::Figures;
use crate::results::Results;

/// The results that are published: a full run.
pub const RESULTS: &str = "bench/results/default.json.gz";

/// What a second run said of them, if there was one.
pub const AGREEMENT: &str = "bench/results/agreement.json";

/// What is published.
#[derive(Debug)]
pub struct Published {
    results: Results,
    agreement: Option<Agreement>,
}

/// A table, and where it stands: between two comments with its name.
struct Table {
    file: &'static str,
    name: &'static str,
    render: fn(&Published) -> String,
}

const TABLES: [Table; 3] = [
    Table { file: "README.md", name: "backends", render: |it| tables::backends(&it.results) },
    Table {
        file: "bench/README.md",
        name: "agreement",
        render: |it| tables::agreement(it.agreement.as_ref()),
    },
    Table {
        file: "bench/README.md",
        name: "results",
        render: |it| tables::everything(&it.results),
    },
];

/// Writes all tables into a tree; returns the files that were not up to date.
///
/// # Errors
/// If a file cannot be read or written, or has no place for its table.
pub fn update(root: &Path, published: &Published) -> io::Result<Vec<&'static str>> {
    let mut changed = Vec::new();
    for table in &TABLES {
        let path = root.join(table.file);
        let before = fs::read_to_string(&path)?;
        let after = table.put_into(&before, published)?;
        if after != before {
            fs::write(&path, after)?;
            changed.push(table.file);
        }
    }
    changed.dedup();
    Ok(changed)
}

/// The files whose tables are not those of the results.
///
/// # Errors
/// As for [`update`], which would have to change them.
pub fn stale(root: &Path, published: &Published) -> io::Result<Vec<&'static str>> {
    let mut stale = Vec::new();
    for table in &TABLES {
        let text = fs::read_to_string(root.join(table.file))?;
        if table.put_into(&text, published)? != text {
            stale.push(table.file);
        }
    }
    stale.dedup();
    Ok(stale)
}

/// Keeps in a tree what two runs say of each other.
///
/// # Errors
/// If the first of them is not the run that is published, the second is no other, or nothing can be
/// written.
pub fn record(root: &Path, agreement: &Agreement) -> io::Result<()> {
    is_about(agreement, &run(&read_results(root)?))?;
    let json = serde_json::to_string_pretty(agreement)? + "\n";
    fs::write(root.join(AGREEMENT), json)
}

impl Published {
    /// Reads what is in a tree.
    ///
    /// # Errors
    /// If it cannot be read or believed, or the two do not belong together.
    pub fn read(root: &Path) -> io::Result<Self> {
        let results = read_results(root)?;
        if let Some(sentence) = judge::audit(&results).into_iter().next() {
            return refused(format!("these results are not to be published. {sentence}"));
        }
        let agreement = match fs::read_to_string(root.join(AGREEMENT)) {
            Ok(json) => Some(serde_json::from_str(&json)?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(agreement) = &agreement {
            is_about(agreement, &run(&results))?;
        }
        Ok(Published { results, agreement })
    }
}

fn read_results(root: &Path) -> io::Result<Results> {
    let results = Results::read(&root.join(RESULTS));
    results.map_err(|error| io::Error::new(error.kind(), format!("cannot read {RESULTS}: {error}")))
}

fn run(results: &Results) -> Run {
    Run::new(&results.provenance, &Figures::new(results))
}

/// Refuses a comparison that is not one of the published run with another.
fn is_about(agreement: &Agreement, published: &Run) -> io::Result<()> {
    let [one, other] = &agreement.runs;
    if one == published && other != published {
        return Ok(());
    }
    refused(format!(
        "{AGREEMENT} compares the run of {} with that of {}, and {RESULTS} is the run of {}. \
         Compare that with another one, `cargo lab agree --record {RESULTS} SECOND`, or remove \
         {AGREEMENT}",
        one.began, other.began, published.began
    ))
}

fn refused<T>(reason: String) -> io::Result<T> {
    Err(io::Error::new(ErrorKind::InvalidData, reason))
}

impl Table {
    fn put_into(&self, text: &str, published: &Published) -> io::Result<String> {
        let (begin, end) = (format!("<!-- lab: {} -->\n", self.name), "<!-- lab: end -->");
        let place = text.split_once(&begin).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(end)?;
            Some((before, after))
        });
        let Some((before, after)) = place else {
            return refused(format!("{} has no place for the table \"{}\"", self.file, self.name));
        };
        Ok(format!("{before}{begin}{}{end}{after}", (self.render)(published)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(began: &str) -> Run {
        let text = String::new;
        Run { commit: text(), began: began.into(), kernel: text(), rounds: 10, apart: Some(0.07) }
    }

    #[test]
    fn only_a_comparison_of_the_published_run_with_another_is_kept() {
        let published = run("noon");
        let compared = |one, other| {
            let agreement = Agreement { runs: [run(one), run(other)], verdicts: Vec::new() };
            is_about(&agreement, &published).map_err(|error| error.to_string())
        };
        assert_eq!(compared("noon", "evening"), Ok(()));
        assert!(compared("noon", "noon").is_err(), "it agrees with itself, of course");
        let error = compared("morning", "evening").expect_err("it is not the published one");
        assert!(error.contains("lab agree --record bench/results/default.json.gz"), "{error}");
    }
}
