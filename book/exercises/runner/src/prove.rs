//! The maintainer's check: every exercise is complete, red before, green with its solution, and its
//! tests refuse what is wrong.

use std::collections::BTreeSet;
use std::io::Write;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::catalogue::{Catalogue, Exercise, Kind};
use crate::folder::{Folder, read};
use crate::trial::{Outcome, Trial};
use crate::{hints, wrong};

/// How many wrong solutions each exercise has at least.
pub const WRONG: usize = 5;

/// Longest time for the tests of one file, unless something else is said.
pub const LIMIT: Duration = Duration::from_secs(10);

/// Longest time for what ends by itself, the task and the solution: a loaded machine, where wrong
/// solutions turn in circles beside it, does not make them wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many words explain a solution at least.
const EXPLANATION: usize = 30;

/// One thing to be tried.
struct Job {
    name: String,
    kind: JobKind,
}

enum JobKind {
    /// The task as it is handed out.
    Red,
    /// The solution.
    Green,
    /// A wrong solution: what is wrong with it, and its text.
    Wrong(String, String),
}

/// Proves the exercises of these names, or all if there are none. Returns what is wrong. Tests of a
/// wrong solution that have not ended after `limit` refuse it; `out` gets their names, since on a
/// loaded machine they may only have been late.
///
/// # Errors
/// If the catalogue cannot be read, or nothing can be compiled.
pub fn prove(
    folder: &Folder,
    names: &[&str],
    limit: Duration,
    out: &mut dyn Write,
) -> Result<Vec<String>, String> {
    let started = Instant::now();
    let catalogue = folder.catalogue()?;
    let chosen: Vec<&Exercise> = match names {
        [] => catalogue.exercises.iter().collect(),
        names => names.iter().map(|name| catalogue.find(name)).collect::<Result<_, _>>()?,
    };
    let mut problems = if names.is_empty() { not_listed(folder, &catalogue) } else { Vec::new() };
    problems.extend(chosen.iter().filter_map(|exercise| not_named(folder, &catalogue, exercise)));
    let mut jobs = Vec::new();
    for exercise in &chosen {
        match complete(folder, exercise) {
            Ok(more) => jobs.extend(more),
            Err(what) => problems.extend(what),
        }
    }
    let refused = jobs.iter().filter(|job| matches!(job.kind, JobKind::Wrong(..))).count();
    let tried = try_all(folder, limit, &jobs)?;
    problems.extend(tried.problems);
    for hang in &tried.hangs {
        let _ = writeln!(out, "hangs, so it is refused: {hang}");
    }
    for problem in &problems {
        let _ = writeln!(out, "FAILED {problem}\n");
    }
    let _ = writeln!(
        out,
        "{} exercises, {refused} wrong solutions ({} hang after {} s), {} problems ({} s)",
        chosen.len(),
        tried.hangs.len(),
        limit.as_secs(),
        problems.len(),
        started.elapsed().as_secs()
    );
    Ok(problems)
}

/// Files without a line in the catalogue, and lines without a file.
fn not_listed(folder: &Folder, catalogue: &Catalogue) -> Vec<String> {
    let listed: BTreeSet<String> =
        catalogue.exercises.iter().map(|exercise| exercise.name.clone()).collect();
    let mut problems = Vec::new();
    for (part, ending) in
        [("src", "rs"), ("tests", "rs"), ("solutions", "rs"), ("hints", "md"), ("wrong", "txt")]
    {
        let there: BTreeSet<String> = folder.names(part, ending).into_iter().collect();
        let missing = listed.difference(&there);
        problems.extend(missing.map(|name| format!("{name}: {part}/{name}.{ending} is missing")));
        let unknown = there.difference(&listed);
        problems.extend(unknown.map(|name| {
            format!("{name}: {part}/{name}.{ending} is there, but catalogue.txt does not list it")
        }));
    }
    problems
}

/// An exercise that its chapter does not name: nobody would find it.
fn not_named(folder: &Folder, catalogue: &Catalogue, exercise: &Exercise) -> Option<String> {
    let (name, chapter) = (&exercise.name, catalogue.chapter(exercise)?);
    let file = format!("{}.md", chapter.file);
    let path = folder.root().parent()?.join("src").join(&file);
    match read(&path) {
        Ok(text) if text.contains(&format!("`{name}`")) => None,
        Ok(_) => Some(format!("{name}: {file} does not name it")),
        Err(what) => Some(format!("{name}: {what}")),
    }
}

/// Looks at the files of an exercise; says what there is to try, or else what is missing.
fn complete(folder: &Folder, exercise: &Exercise) -> Result<Vec<Job>, Vec<String>> {
    let name = &exercise.name;
    let of_it = |what: String| vec![format!("{name}: {what}")];
    let task = read(&folder.task(name)).map_err(of_it)?;
    let solution = read(&folder.solution(name)).map_err(of_it)?;
    let hints = read(&folder.hints(name)).map_err(of_it)?;
    let wrong = read(&folder.wrong(name)).map_err(of_it)?;
    let mut problems = Vec::new();
    if let Err(what) = hints::parse(&hints) {
        problems.push(what);
    }
    // What is to be mended is there, and wrong; everything else is to be written.
    if exercise.kind != Kind::Mend && !task.contains("todo!(") {
        problems.push("nothing is left to do in the task".into());
    }
    if solution.contains("todo!(") {
        problems.push("the solution has something left to do".into());
    }
    let (explained, told) = (comment(&solution), comment(&task));
    let words = explained.split_whitespace().count();
    if words < EXPLANATION || explained == told {
        problems.push(format!(
            "the solution is not explained in the comment at its top ({EXPLANATION} words, \
             others than the task's)"
        ));
    }
    let mut jobs: Vec<Job> = [JobKind::Red, JobKind::Green]
        .into_iter()
        .map(|kind| Job { name: name.clone(), kind })
        .collect();
    match wrong::parse(&wrong) {
        Err(what) => problems.push(format!("wrong/{name}.txt: {what}")),
        Ok(all) => {
            if all.len() < WRONG {
                let count = all.len();
                problems.push(format!("it has {count} wrong solutions, and not {WRONG}"));
            }
            for one in all {
                match one.apply(&solution) {
                    Ok(text) => {
                        jobs.push(Job { name: name.clone(), kind: JobKind::Wrong(one.title, text) })
                    }
                    Err(what) => problems
                        .push(format!("the wrong solution `{}` does not apply: {what}", one.title)),
                }
            }
        }
    }
    if problems.is_empty() {
        return Ok(jobs);
    }
    Err(problems.into_iter().map(|what| format!("{name}: {what}")).collect())
}

/// The comment at the top of a file.
fn comment(text: &str) -> String {
    text.lines().map_while(|line| line.strip_prefix("//!")).collect()
}

/// What came of all that was tried.
#[derive(Default)]
struct Tried {
    problems: Vec<String>,
    /// The wrong solutions whose tests did not end.
    hangs: Vec<String>,
}

/// What came of one thing.
enum Verdict {
    Good,
    Hangs(String),
    Problem(String),
}

/// Tries everything, on as many threads as there are cores.
fn try_all(folder: &Folder, limit: Duration, jobs: &[Job]) -> Result<Tried, String> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { return };
                    let result = try_one(folder, limit, job);
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    found.push((index, result));
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(index, _)| *index);
    let mut tried = Tried::default();
    for (_, result) in found {
        match result? {
            Verdict::Good => {}
            Verdict::Hangs(what) => tried.hangs.push(what),
            Verdict::Problem(what) => tried.problems.push(what),
        }
    }
    Ok(tried)
}

/// Says what is wrong, if anything.
fn try_one(folder: &Folder, limit: Duration, job: &Job) -> Result<Verdict, String> {
    let name = &job.name;
    let limit = if matches!(job.kind, JobKind::Wrong(..)) { limit } else { PATIENCE };
    let trial = Trial { folder, limit, colours: false };
    let problem = match &job.kind {
        JobKind::Red => red(&trial.run(name, &folder.task(name))?),
        JobKind::Green => green(&trial.run(name, &folder.solution(name))?),
        JobKind::Wrong(title, text) => match trial.run_text(name, text)? {
            Outcome::Hangs => return Ok(Verdict::Hangs(format!("{name}: `{title}`"))),
            outcome => accepted(title, &outcome),
        },
    };
    Ok(problem.map_or(Verdict::Good, |what| Verdict::Problem(format!("{name}: {what}"))))
}

fn red(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::DoesNotCompile(said) => Some(format!("the task does not compile:\n{said}")),
        Outcome::Hangs => Some("the tests of the task do not end".into()),
        Outcome::Ran(run) if run.tests.is_empty() => Some("there are no tests".into()),
        Outcome::Ran(run) => {
            let green: Vec<&str> =
                run.tests.iter().filter(|test| test.passed).map(|test| &*test.name).collect();
            (!green.is_empty())
                .then(|| format!("green before anything is done: {}", green.join(", ")))
        }
    }
}

fn green(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::DoesNotCompile(said) => Some(format!("the solution does not compile:\n{said}")),
        Outcome::Hangs => Some("the tests of the solution do not end".into()),
        Outcome::Ran(run) if !outcome.is_green() => {
            Some(format!("the solution does not pass:\n{}", run.output))
        }
        Outcome::Ran(_) => None,
    }
}

/// A wrong solution has to compile, and its tests must not pass.
fn accepted(title: &str, outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::DoesNotCompile(said) => {
            Some(format!("the wrong solution `{title}` does not compile:\n{said}"))
        }
        _ if outcome.is_green() => Some(format!("the tests accept the wrong solution `{title}`")),
        _ => None,
    }
}
