//! The commands for the reader. Each prints to `out`, and says whether all is well.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::catalogue::{Catalogue, Exercise, Kind};
use crate::differences::{self, Line};
use crate::folder::{Folder, read, remove, write};
use crate::hints;
use crate::prove::LIMIT;
use crate::trial::{Outcome, Run, Trial};

/// What a command comes to: whether all is well, or why nothing could be done.
pub type Answer = Result<bool, String>;

/// The reader at work.
pub struct Reader<'a> {
    pub folder: &'a Folder,
    pub catalogue: &'a Catalogue,
    pub out: &'a mut dyn Write,
    /// Whether `out` is a terminal.
    pub colours: bool,
}

/// Prints a line; nobody is there to hear that it cannot be printed.
macro_rules! say {
    ($reader:expr) => {{
        let _ = writeln!($reader.out);
    }};
    ($reader:expr, $($text:tt)*) => {{
        let _ = writeln!($reader.out, $($text)*);
    }};
}

impl Reader<'_> {
    /// Copies a task to where the reader works: that of this name, or the first that is not solved.
    ///
    /// # Errors
    /// If there is no such exercise, or it cannot be copied.
    pub fn next(&mut self, name: Option<&str>) -> Answer {
        let exercise = match name {
            Some(name) => Some(self.catalogue.find(name)?),
            None => self.catalogue.exercises.iter().find(|exercise| !self.is_solved(exercise)),
        };
        let Some(exercise) = exercise else {
            say!(self, "All {} exercises are solved.", self.catalogue.exercises.len());
            return Ok(true);
        };
        let name = &exercise.name;
        let mine = self.folder.mine(name);
        let chapter = self.catalogue.chapter(exercise).ok_or("an exercise of no chapter")?;
        say!(self, "{name}: {}", exercise.what);
        say!(self, "It belongs to chapter {}, {}.", chapter.number, chapter.title);
        say!(self);
        if mine.exists() {
            say!(self, "You have begun it: {}", self.shown(&mine));
        } else {
            write(&mine, &read(&self.folder.task(name))?)?;
            say!(self, "Your copy is {}", self.shown(&mine));
        }
        match exercise.kind {
            Kind::Mend => say!(self, "Read the comment at its top; then find what is wrong."),
            _ => say!(self, "Read the comment at its top; then replace each `todo!()`."),
        }
        say!(self);
        say!(self, "    cargo run -- check {name}    runs its tests");
        say!(self, "    cargo run -- hint {name}     if you are stuck");
        Ok(true)
    }

    /// The next hint to an exercise.
    ///
    /// # Errors
    /// If there is no such exercise, or what was shown cannot be remembered.
    pub fn hint(&mut self, name: &str) -> Answer {
        let exercise = self.catalogue.find(name)?;
        let name = &exercise.name;
        let hints = hints::parse(&read(&self.folder.hints(name))?)?;
        let shown = self.hints_shown(name);
        let level = shown.min(hints::LEVELS - 1);
        write(&self.folder.state(name, "hints"), &(level + 1).to_string())?;
        say!(self, "Hint {} of {} to {name}:", level + 1, hints::LEVELS);
        say!(self);
        say!(self, "{}", hints[level]);
        say!(self);
        if level + 1 == hints::LEVELS {
            say!(
                self,
                "There is no further one. `cargo run -- compare {name} --anyway` shows a \
                solution."
            );
        } else {
            say!(self, "If that is not enough: cargo run -- hint {name}");
        }
        Ok(true)
    }

    /// Runs the tests of an exercise.
    ///
    /// # Errors
    /// If there is no such exercise, if it has not been begun, or if nothing can be compiled.
    pub fn check(&mut self, name: &str) -> Answer {
        let exercise = self.catalogue.find(name)?;
        let name = &exercise.name;
        let outcome = self.run(exercise)?;
        match &outcome {
            Outcome::DoesNotCompile(said) => {
                say!(self, "{said}");
                say!(self, "{name} does not compile yet.");
            }
            Outcome::Hangs => {
                say!(self, "{name}: the tests had not ended after {} s.", LIMIT.as_secs());
                say!(self, "Something waits forever, or a loop does not come nearer to its end.");
            }
            Outcome::Ran(run) => self.say_tests(name, run),
        }
        if outcome.is_green() {
            say!(self, "Solved. Compare: cargo run -- compare {name}");
            say!(self, "Go on:           cargo run -- next{}", self.of_same_chapter(exercise));
        }
        Ok(outcome.is_green())
    }

    /// The name of an exercise of the same chapter that is not solved, behind a space. A reader
    /// who works by chapters stays there; without one, `next` goes through the catalogue from its
    /// beginning.
    fn of_same_chapter(&self, solved: &Exercise) -> String {
        let mut others = self.catalogue.exercises.iter();
        let open = others.find(|one| one.chapter == solved.chapter && !self.is_solved(one));
        open.map(|one| format!(" {}", one.name)).unwrap_or_default()
    }

    /// Runs the tests of all exercises that have been begun; one that is red does not stop it.
    ///
    /// # Errors
    /// If nothing can be compiled.
    pub fn check_all(&mut self) -> Answer {
        let all = &self.catalogue.exercises;
        let begun: Vec<&Exercise> = all.iter().filter(|one| self.is_begun(one)).collect();
        if begun.is_empty() {
            say!(self, "You have not begun an exercise yet: cargo run -- next");
            return Ok(true);
        }
        let mut red = 0;
        for exercise in &begun {
            let outcome = self.run(exercise)?;
            red += usize::from(!outcome.is_green());
            let (mark, what) = match &outcome {
                Outcome::DoesNotCompile(_) => ("red", "does not compile".to_owned()),
                Outcome::Hangs => ("red", "the tests do not end".to_owned()),
                Outcome::Ran(run) => {
                    let passed = run.tests.iter().filter(|test| test.passed).count();
                    let mark = if outcome.is_green() { "green" } else { "red" };
                    (mark, format!("{passed} of {} tests pass", run.tests.len()))
                }
            };
            let mark = self.mark(mark);
            say!(self, "{mark} {:<20} {what}", exercise.name);
        }
        say!(self);
        say!(self, "{} green, {red} red, {} not begun", begun.len() - red, all.len() - begun.len());
        Ok(red == 0)
    }

    /// Shows a solution and the reader's own beside each other.
    ///
    /// # Errors
    /// If there is no such exercise, or it is not solved and `anyway` is not given.
    pub fn compare(&mut self, name: &str, anyway: bool) -> Answer {
        let exercise = self.catalogue.find(name)?;
        let name = &exercise.name;
        if !anyway && !self.is_solved(exercise) {
            return Err(format!(
                "{name} is not solved as it stands: `cargo run -- check {name}` first, or look \
                 with `cargo run -- compare {name} --anyway`."
            ));
        }
        let solution = read(&self.folder.solution(name))?;
        let mine = read(&self.folder.mine(name)).unwrap_or_default();
        let (explanation, solution) = parts(&solution);
        say!(self, "{explanation}");
        say!(self, "Lines with - are yours, lines with + are the solution's:");
        say!(self);
        let (_, mine) = parts(&mine);
        for line in differences::lines(&mine, &solution) {
            match line {
                Line::Both(line) => say!(self, "  {line}"),
                Line::First(line) => say!(self, "- {line}"),
                Line::Second(line) => say!(self, "+ {line}"),
            }
        }
        Ok(true)
    }

    /// Copies the task again. The reader's copy is kept beside it.
    ///
    /// # Errors
    /// If there is no such exercise, or its files cannot be moved.
    pub fn reset(&mut self, name: &str) -> Answer {
        let exercise = self.catalogue.find(name)?;
        let name = &exercise.name;
        let mine = self.folder.mine(name);
        if mine.exists() {
            let old = mine.with_extension("rs.old");
            fs::rename(&mine, &old).map_err(|error| format!("{}: {error}", mine.display()))?;
            say!(self, "What you had is {}", self.shown(&old));
        }
        for what in ["green", "hints"] {
            remove(&self.folder.state(name, what))?;
        }
        write(&mine, &read(&self.folder.task(name))?)?;
        say!(self, "{name} is as it was: {}", self.shown(&mine));
        Ok(true)
    }

    /// How far the reader is, by chapters. Nothing is run for it.
    ///
    /// # Errors
    /// None.
    pub fn progress(&mut self) -> Answer {
        let mut solved_in_all = 0;
        for chapter in &self.catalogue.chapters {
            let all: Vec<&Exercise> = self.catalogue.of(chapter).collect();
            if all.is_empty() {
                continue;
            }
            let solved = all.iter().filter(|exercise| self.is_solved(exercise)).count();
            solved_in_all += solved;
            let bar = "#".repeat(solved) + &".".repeat(all.len() - solved);
            say!(
                self,
                "{:>3}  {:<52} {bar} {solved} of {}",
                chapter.number,
                chapter.title,
                all.len()
            );
        }
        let hints: usize =
            self.catalogue.exercises.iter().map(|exercise| self.hints_shown(&exercise.name)).sum();
        say!(self);
        say!(
            self,
            "{solved_in_all} of {} exercises are solved, with {hints} hints.",
            self.catalogue.exercises.len()
        );
        Ok(true)
    }

    /// All exercises.
    ///
    /// # Errors
    /// None.
    pub fn list(&mut self) -> Answer {
        for chapter in &self.catalogue.chapters {
            if self.catalogue.of(chapter).next().is_none() {
                continue;
            }
            say!(self, "Chapter {}: {}", chapter.number, chapter.title);
            for exercise in self.catalogue.of(chapter) {
                let state = match (self.is_solved(exercise), self.is_begun(exercise)) {
                    (true, _) => "solved",
                    (false, true) => "begun",
                    (false, false) => "",
                };
                let kind = exercise.kind.to_string();
                say!(self, "  {state:<6}  {:<18} {kind:<10}  {}", exercise.name, exercise.what);
            }
            say!(self);
        }
        Ok(true)
    }

    /// Runs the tests of the reader's copy, and remembers which text of it was green.
    fn run(&self, exercise: &Exercise) -> Result<Outcome, String> {
        let name = &exercise.name;
        let mine = self.folder.mine(name);
        if !mine.exists() {
            return Err(format!("You have not begun {name} yet: cargo run -- next {name}"));
        }
        let text = read(&mine)?;
        let trial = Trial { folder: self.folder, limit: LIMIT, colours: self.colours };
        let outcome = trial.run(name, &mine)?;
        let green = self.folder.state(name, "green");
        if outcome.is_green() {
            write(&green, &text)?
        } else {
            remove(&green)?
        }
        Ok(outcome)
    }

    fn say_tests(&mut self, name: &str, run: &Run) {
        for test in &run.tests {
            let mark = self.mark(if test.passed { "green" } else { "red" });
            say!(self, "{mark} {}", test.name.replace('_', " "));
        }
        say!(self);
        let passed = run.tests.iter().filter(|test| test.passed).count();
        // All of them at once would hide that they have one reason.
        if let Some(failure) = first_failure(&run.output) {
            say!(self, "{failure}");
            say!(self);
        }
        say!(self, "{name}: {passed} of {} tests pass.", run.tests.len());
    }

    /// `green` or `red`, in that colour.
    fn mark(&self, mark: &str) -> String {
        let colour = if mark == "green" { 32 } else { 31 };
        match self.colours {
            true => format!("\x1b[{colour}m{mark:<5}\x1b[0m"),
            false => format!("{mark:<5}"),
        }
    }

    fn is_begun(&self, exercise: &Exercise) -> bool {
        self.folder.mine(&exercise.name).exists()
    }

    /// Whether the reader's copy is, to the letter, one whose tests were green.
    fn is_solved(&self, exercise: &Exercise) -> bool {
        let name = &exercise.name;
        let green = fs::read(self.folder.state(name, "green"));
        green.is_ok_and(|green| fs::read(self.folder.mine(name)).is_ok_and(|mine| mine == green))
    }

    fn hints_shown(&self, name: &str) -> usize {
        let shown = fs::read_to_string(self.folder.state(name, "hints")).unwrap_or_default();
        shown.trim().parse().unwrap_or(0)
    }

    /// A path as the reader would type it in `book/exercises`.
    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.folder.root()).unwrap_or(path).display().to_string()
    }
}

/// The comment at the top of a file, without its marks, and the rest.
fn parts(text: &str) -> (String, String) {
    let is_comment = |line: &&str| line.starts_with("//!");
    let strip = |line: &str| {
        let line = line.strip_prefix("//!").unwrap_or(line);
        line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n"
    };
    let comment = text.lines().take_while(is_comment).map(strip).collect();
    let rest = text.lines().skip_while(is_comment).map(|line| line.to_owned() + "\n").collect();
    (comment, rest)
}

/// What the first test says that failed.
fn first_failure(output: &str) -> Option<String> {
    let (_, failures) = output.split_once("\nfailures:\n")?;
    let (failures, _) = failures.split_once("\nfailures:\n").unwrap_or((failures, ""));
    let (_, first) = failures.split_once("---- ")?;
    let (first, _) = first.split_once("\n---- ").unwrap_or((first, ""));
    let advice = "note: run with `RUST_BACKTRACE=1`";
    let lines: Vec<&str> = first.lines().filter(|line| !line.starts_with(advice)).collect();
    let text = lines.join("\n").replace("\n\nthread ", "\nthread ");
    let text = text.replacen(" stdout ----", " says:", 1);
    Some(text.trim().replace("tests::", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_at_the_top_is_apart_from_the_code() {
        let (comment, rest) = parts("//! One.\n//!\n//! Two.\n\nuse std::io;\n");
        assert_eq!((comment.as_str(), rest.as_str()), ("One.\n\nTwo.\n", "\nuse std::io;\n"));
    }

    #[test]
    fn the_first_failure_is_shown_without_what_surrounds_it() {
        let output = "test tests::a ... FAILED\n\nfailures:\n\n---- tests::a stdout ----\n\
            it failed\nnote: run with `RUST_BACKTRACE=1` to see\n\n---- tests::b stdout ----\n\
            so did it\n\nfailures:\n    tests::a\n    tests::b\n";
        assert_eq!(first_failure(output).unwrap(), "a says:\nit failed");
        assert_eq!(first_failure("test tests::a ... ok\n"), None);
    }
}
