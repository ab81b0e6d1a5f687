//! One file with its tests: compiled, and run with a time limit.
//!
//! `rustc` is called directly, once for exercise and tests together. That takes a quarter of a
//! second; cargo would build a library and link all test files of the package to it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::folder::Folder;

/// What came of a trial.
#[derive(Debug)]
pub enum Outcome {
    /// With what the compiler says.
    DoesNotCompile(String),
    /// The time limit was over first.
    Hangs,
    Ran(Run),
}

/// Tests that have run.
#[derive(Debug)]
pub struct Run {
    pub tests: Vec<Test>,
    /// The process ended as one whose tests all pass.
    pub succeeded: bool,
    /// All that it printed.
    pub output: String,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Test {
    pub name: String,
    pub passed: bool,
}

impl Outcome {
    /// There are tests, and all of them passed.
    #[must_use]
    pub fn is_green(&self) -> bool {
        match self {
            Outcome::Ran(run) => {
                run.succeeded && !run.tests.is_empty() && run.tests.iter().all(|test| test.passed)
            }
            _ => false,
        }
    }
}

/// Tries files of one folder.
#[derive(Debug)]
pub struct Trial<'a> {
    pub folder: &'a Folder,
    /// Longest time for the tests of one file.
    pub limit: Duration,
    /// Whether what the compiler says has colours.
    pub colours: bool,
}

impl Trial<'_> {
    /// Compiles `source` as the exercise `name`, and runs its tests.
    ///
    /// # Errors
    /// If there is no compiler, or a file cannot be written.
    pub fn run(&self, name: &str, source: &Path) -> Result<Outcome, String> {
        let scratch = Scratch::new(self.folder)?;
        self.run_in(&scratch.0, name, source).map_err(|error| format!("{name}: {error}"))
    }

    /// Like [`Trial::run`], with the source as text.
    ///
    /// # Errors
    /// As there.
    pub fn run_text(&self, name: &str, source: &str) -> Result<Outcome, String> {
        let scratch = Scratch::new(self.folder)?;
        let file = scratch.0.join(format!("{name}.rs"));
        let written = fs::write(&file, source);
        written
            .and_then(|()| self.run_in(&scratch.0, name, &file))
            .map_err(|error| format!("{name}: {error}"))
    }

    fn run_in(&self, scratch: &Path, name: &str, source: &Path) -> io::Result<Outcome> {
        let root = scratch.join("root.rs");
        let tests = self.folder.tests(name);
        // The tests call the crate by its name, and it is this one.
        let text = format!(
            "#![allow(unused)]\n#![forbid(unsafe_code)]\nextern crate self as exercises;\n\
             #[path = {source:?}]\npub mod {name};\n#[path = {tests:?}]\nmod tests;\n"
        );
        fs::write(&root, text)?;
        let program = scratch.join("trial");
        let colours = if self.colours { "always" } else { "never" };
        let compiled = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--edition", "2024", "--test", "--crate-name", "exercises"])
            .args(["-C", "debuginfo=0", "--color", colours, "--remap-path-prefix"])
            .arg(format!("{}/=", self.folder.root().display()))
            .arg(&root)
            .arg("-o")
            .arg(&program)
            .output()?;
        if !compiled.status.success() {
            let said = String::from_utf8_lossy(&compiled.stderr).into_owned();
            return Ok(Outcome::DoesNotCompile(said));
        }
        self.run_program(&program, &scratch.join("output"))
    }

    fn run_program(&self, program: &Path, output: &Path) -> io::Result<Outcome> {
        // A file, since a pipe that nobody empties would stop a test that prints much.
        let file = File::create(output)?;
        let mut child = Command::new(program)
            .env("RUST_BACKTRACE", "0")
            .env_remove("RUST_TEST_THREADS")
            .env_remove("RUST_TEST_NOCAPTURE")
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()?;
        let Some(status) = wait(&mut child, self.limit)? else { return Ok(Outcome::Hangs) };
        let output = String::from_utf8_lossy(&fs::read(output)?).into_owned();
        Ok(Outcome::Ran(Run { tests: tests(&output), succeeded: status.success(), output }))
    }
}

/// Waits for the end of a child; ends it if the time is over first.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// What the test harness says of each test.
fn tests(output: &str) -> Vec<Test> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("test "));
    let results = lines.filter_map(|line| line.rsplit_once(" ... "));
    results
        .filter(|(_, result)| matches!(*result, "ok" | "FAILED" | "ignored"))
        .map(|(name, result)| {
            let name = name.strip_prefix("tests::").unwrap_or(name);
            let name = name.strip_suffix(" - should panic").unwrap_or(name);
            Test { name: name.into(), passed: result == "ok" }
        })
        .collect()
}

/// A folder of its own for one trial, which goes with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(folder: &Folder) -> Result<Self, String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", std::process::id());
        let path = folder.root().join("target/trials").join(name);
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it lies in `target`, and does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_what_the_harness_prints() {
        let output = "running 3 tests\ntest tests::one ... ok\ntest tests::two ... FAILED\n\
            test tests::three - should panic ... ok\n\ntest result: FAILED. 2 passed; 1 failed\n";
        let named = |name: &str, passed| Test { name: name.into(), passed };
        assert_eq!(tests(output), [named("one", true), named("two", false), named("three", true)]);
    }

    #[test]
    fn tests_that_did_not_run_are_not_green() {
        let run = |tests, succeeded| Outcome::Ran(Run { tests, succeeded, output: String::new() });
        let test = |passed| Test { name: "a".into(), passed };
        assert!(run(vec![test(true)], true).is_green());
        assert!(!run(vec![], true).is_green());
        assert!(!run(vec![test(true)], false).is_green(), "the process was ended by a signal");
        assert!(!run(vec![test(true), test(false)], true).is_green());
        assert!(!Outcome::Hangs.is_green());
    }
}
