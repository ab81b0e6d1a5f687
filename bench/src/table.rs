//! The figures of criterion as one table: a row for each model, a column for each scenario.
//!
//! Criterion prints its figures one by one and has no way to ask for them, so they are read from
//! the files that it leaves.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

use serde_json::Value;

/// How many requests per second a model served in a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The column.
    pub scenario: String,
    /// The row.
    pub model: String,
    /// Requests per second.
    pub rate: f64,
}

/// The folder in which criterion leaves its files, found as criterion finds it.
#[must_use]
pub fn criterion_home() -> PathBuf {
    if let Some(home) = env::var_os("CRITERION_HOME") {
        return home.into();
    }
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).or_else(target_directory);
    target.unwrap_or_else(|| "target".into()).join("criterion")
}

/// The target directory of the workspace. Cargo sets `CARGO` for what it runs.
fn target_directory() -> Option<PathBuf> {
    let mut cargo = Command::new(env::var_os("CARGO")?);
    let metadata = cargo.args(["metadata", "--format-version", "1"]).output().ok()?;
    let metadata: Value = serde_json::from_slice(&metadata.stdout).ok()?;
    metadata.get("target_directory")?.as_str().map(PathBuf::from)
}

/// The file in which criterion leaves the estimates of one bench.
#[derive(Debug)]
pub struct Estimates {
    path: PathBuf,
    /// When the file was written that an earlier run has left.
    earlier: Option<SystemTime>,
}

impl Estimates {
    /// Looks at what is there before the bench runs. Names must do as names of files, since
    /// criterion replaces what does not.
    #[must_use]
    pub fn before(criterion_home: &Path, group: &str, bench: &str) -> Self {
        let path = criterion_home.join(group).join(bench).join("new").join("estimates.json");
        Estimates { earlier: modified(&path), path }
    }

    /// The median of an iteration, in nanoseconds. `None` if criterion has not written the file
    /// since: the bench was filtered out, listed, tested or profiled.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        if modified(&self.path) == self.earlier {
            return None;
        }
        median(&fs::read(&self.path).ok()?)
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// The median in a file of estimates.
fn median(estimates: &[u8]) -> Option<f64> {
    let estimates: Value = serde_json::from_slice(estimates).ok()?;
    let median = estimates.get("median")?.get("point_estimate")?.as_f64()?;
    (median > 0.0).then_some(median)
}

/// The figures as a table, rows and columns in the order of their first figure. Percentages are
/// of the best in the column. Nothing if there are no figures.
#[must_use]
pub fn format(figures: &[Figure]) -> String {
    if figures.is_empty() {
        return String::new();
    }
    let models = distinct(figures.iter().map(|figure| figure.model.as_str()));
    let scenarios = distinct(figures.iter().map(|figure| figure.scenario.as_str()));
    let first = models.iter().map(|model| model.len()).max().unwrap_or(0);
    let widths: Vec<_> = scenarios.iter().map(|scenario| scenario.len().max(15)).collect();

    let mut table = "Requests per second (median), in percent of the best\n\n".to_owned();
    let mut line = |name: &str, cells: &[String]| {
        let _ = write!(table, "{name:first$}");
        for (cell, width) in cells.iter().zip(&widths) {
            let _ = write!(table, "  {cell:>width$}");
        }
        table.push('\n');
    };
    line("", &scenarios.iter().map(|&scenario| scenario.to_owned()).collect::<Vec<_>>());
    for model in models {
        let cells: Vec<_> = scenarios.iter().map(|name| cell(figures, model, name)).collect();
        line(model, &cells);
    }
    table
}

fn cell(figures: &[Figure], model: &str, scenario: &str) -> String {
    let column = figures.iter().filter(|figure| figure.scenario == scenario);
    let best = column.clone().map(|figure| figure.rate).fold(0.0, f64::max);
    match column.clone().find(|figure| figure.model == model) {
        Some(Figure { rate, .. }) => format!("{rate:.0} {:>4.0} %", rate / best * 100.0),
        None => "-".into(),
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    /// As criterion 0.8 writes it, shortened.
    const ESTIMATES: &str = r#"{
        "mean": {"confidence_interval": {"confidence_level": 0.95, "lower_bound": 1.0,
            "upper_bound": 3.0}, "point_estimate": 2.0, "standard_error": 0.1},
        "median": {"confidence_interval": {"confidence_level": 0.95, "lower_bound": 24000.0,
            "upper_bound": 26000.0}, "point_estimate": 25000.5, "standard_error": 0.1},
        "slope": null
    }"#;

    #[test]
    fn the_median_of_a_file_of_estimates_is_read() {
        assert_eq!(median(ESTIMATES.as_bytes()), Some(25_000.5));
    }

    #[test]
    fn a_file_without_a_usable_median_has_none() {
        let zero = r#"{"median": {"point_estimate": 0.0}}"#;
        let text = r#"{"median": {"point_estimate": "1"}}"#;
        for file in ["", "{", "{}", "[]", r#"{"median": null}"#, zero, text] {
            assert_eq!(median(file.as_bytes()), None, "{file}");
        }
    }

    #[test]
    fn only_estimates_of_this_run_count() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("round trip/mio, loops/new");
        let look = || Estimates::before(home.path(), "round trip", "mio, loops");
        assert_eq!(look().median(), None);

        let first_run = look();
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("estimates.json"), ESTIMATES).expect("a file");
        assert_eq!(first_run.median(), Some(25_000.5));

        // An old date: within a tick of the file system's clock, two dates are the same.
        let file = File::options().write(true).open(folder.join("estimates.json")).expect("a file");
        file.set_modified(SystemTime::UNIX_EPOCH).expect("a date");
        let second_run = look();
        assert_eq!(second_run.median(), None);
        fs::write(folder.join("estimates.json"), ESTIMATES).expect("a file");
        assert_eq!(second_run.median(), Some(25_000.5));
    }

    fn figure(scenario: &str, model: &str, rate: f64) -> Figure {
        Figure { scenario: scenario.into(), model: model.into(), rate }
    }

    #[test]
    fn a_table_has_a_row_for_each_model_and_a_column_for_each_scenario() {
        let figures = [
            figure("round trip", "sync, threads", 20_000.4),
            figure("round trip", "mio, loops", 25_000.0),
            figure("one connection for each request", "sync, threads", 3_000.0),
            figure("one connection for each request", "mio, loops", 270.0),
        ];
        let expected = "\
Requests per second (median), in percent of the best

                    round trip  one connection for each request
sync, threads     20000   80 %                      3000  100 %
mio, loops        25000  100 %                       270    9 %
";
        assert_eq!(format(&figures), expected);
    }

    #[test]
    fn a_scenario_without_a_measurement_is_a_dash() {
        let figures = [figure("round trip", "a", 10.0), figure("64 connections", "b", 10.0)];
        let table = format(&figures);
        let rows: Vec<Vec<_>> =
            table.lines().skip(3).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows, [["a", "10", "100", "%", "-"], ["b", "-", "10", "100", "%"]]);
    }

    #[test]
    fn without_figures_there_is_no_table() {
        assert_eq!(format(&[]), "");
    }
}
