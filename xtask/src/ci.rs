//! Runs the steps that decide whether a change lands, and lists them.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::run::Failure;
use crate::select::{UsageError, select};
use crate::steps::{STEPS, Step, When};

/// `cargo xtask ci` with these arguments.
pub(crate) fn main(arguments: &[&str]) -> Result<ExitCode, UsageError> {
    if arguments == ["--list"] {
        print!("{}", list());
        return Ok(ExitCode::SUCCESS);
    }
    let steps = select(arguments)?;
    let was_named = arguments.first().is_some_and(|first| !first.starts_with('-'));
    // A target or another Rust cannot be fetched everywhere. Hosted CI can, so there nothing passes
    // that was not run, and elsewhere nothing that was asked for by its name.
    let tolerates_missing = !was_named && std::env::var_os("GITHUB_ACTIONS").is_none();
    Ok(ExitCode::from(run(&steps, tolerates_missing)))
}

/// The steps: name, what it shows, what it installs.
pub(crate) fn list() -> String {
    STEPS.iter().map(line).collect()
}

fn line(step: &Step) -> String {
    let needs =
        if step.needs.is_empty() { String::new() } else { format!(" [installs {}]", step.needs) };
    let asked = if step.when == When::Asked { " (only if it is named)" } else { "" };
    format!("  {:<17} {}{needs}{asked}\n", step.name, step.shows)
}

/// Runs steps until one fails, and returns the exit code.
fn run(steps: &[&Step], tolerates_missing: bool) -> u8 {
    let start = Instant::now();
    let mut took: Vec<(&str, Duration)> = Vec::new();
    let mut missing = Vec::new();
    for step in steps {
        println!("\n=== {}: {} (after {} s)", step.name, step.shows, start.elapsed().as_secs());
        let begin = Instant::now();
        match (step.run)() {
            Ok(()) => took.push((step.name, begin.elapsed())),
            Err(Failure::Unavailable(why)) if tolerates_missing => {
                println!("!!! {} WAS NOT RUN: {why}", step.name);
                missing.push(step.name);
            }
            Err(failure) => {
                println!("\n!!! {} FAILED: {failure}", step.name);
                println!("!!! To repeat it: cargo xtask ci {}", step.name);
                return failure.code();
            }
        }
    }
    println!();
    for (name, time) in took {
        println!("  {name:<17} {:>6.1} s", time.as_secs_f32());
    }
    for name in &missing {
        println!("  {name:<17} NOT RUN");
    }
    let passed = if missing.is_empty() { "All passed" } else { "What could be run passed" };
    println!("\n=== {passed} (after {} s)", start.elapsed().as_secs());
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn step(run: fn() -> crate::run::Result) -> Step {
        Step { name: "test", shows: "", needs: "", when: When::Always, run }
    }

    const PASSES: Step = step(|| Ok(()));
    const FAILS: Step = step(|| Err(Failure::Command { line: String::new(), code: 7 }));
    const MISSING: Step = step(|| Err(Failure::Unavailable("no network".to_owned())));

    #[test]
    fn the_exit_code_is_that_of_the_command_that_failed() {
        assert_eq!(run(&[&PASSES, &PASSES], false), 0);
        assert_eq!(run(&[&PASSES, &FAILS, &MISSING], true), 7);
    }

    #[test]
    fn a_step_that_cannot_be_run_passes_only_where_that_is_tolerated() {
        assert_eq!(run(&[&MISSING, &PASSES], true), 0);
        assert_eq!(run(&[&MISSING, &PASSES], false), 1);
    }
}
