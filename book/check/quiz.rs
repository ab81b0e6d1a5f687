//! Reads the quizzes, and finds questions that a reader could not learn from: a choice without a
//! reason, nothing that is right, and a computed question whose marked choice is not what the
//! protocol says.

use std::fmt::Write;

/// A question as `book/quiz` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The question itself.
    pub title: String,
    /// The script whose answer is the right choice, if it is computed.
    pub ask: Option<String>,
    /// What there is to choose from.
    pub choices: Vec<Choice>,
}

/// One choice of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// What it says.
    pub says: String,
    /// Whether it is marked as right.
    pub is_right: bool,
    /// Why it is right or wrong.
    pub reason: String,
}

impl Choice {
    /// The code that it begins with, which is what a computed answer is compared with.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.says.strip_prefix('`')?.split_once('`').map(|(value, _)| value)
    }
}

/// The questions of a file.
#[must_use]
pub fn questions(text: &str) -> Vec<Question> {
    let mut found: Vec<Question> = Vec::new();
    // Inside of a block of code: whether it is a script.
    let mut block = None;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            found.push(Question { title: title.to_owned(), ..Question::default() });
            continue;
        }
        let Some(question) = found.last_mut() else { continue };
        match (block, line) {
            (Some(_), "```") => block = None,
            (Some(true), _) => {
                let written = writeln!(question.ask.get_or_insert_default(), "{line}");
                debug_assert!(written.is_ok(), "writing to a String");
            }
            (None, "```ask") => block = Some(true),
            (None, fence) if fence.starts_with("```") => block = Some(false),
            _ => read_choice(question, line),
        }
    }
    found
}

fn read_choice(question: &mut Question, line: &str) {
    for (mark, is_right) in [("- [x] ", true), ("- [ ] ", false)] {
        if let Some(says) = line.strip_prefix(mark) {
            let choice = Choice { says: says.to_owned(), is_right, reason: String::new() };
            return question.choices.push(choice);
        }
    }
    if let (Some(choice), Some(reason)) = (question.choices.last_mut(), line.strip_prefix("  ")) {
        choice.reason += reason.trim_start();
        choice.reason.push(' ');
    }
}

/// What is wrong with a question.
#[must_use]
pub fn problems(question: &Question) -> Vec<String> {
    let mut found = Vec::new();
    let choices = &question.choices;
    if !(2..=5).contains(&choices.len()) {
        found.push(format!("there are {} choices", choices.len()));
    }
    for is_right in [true, false] {
        if !choices.iter().any(|choice| choice.is_right == is_right) {
            found.push(format!("no choice is {}", if is_right { "right" } else { "wrong" }));
        }
    }
    for choice in choices.iter().filter(|choice| choice.reason.trim().is_empty()) {
        found.push(format!("`{}` has no reason", choice.says));
    }
    found.extend(question.ask.as_ref().and_then(|ask| disagreement(ask, choices)));
    found
}

/// Where the marks of the choices and what the protocol says are not the same.
fn disagreement(ask: &str, choices: &[Choice]) -> Option<String> {
    let computed = match live::shown(ask) {
        Ok(shown) => shown.join(", "),
        Err(error) => return Some(format!("the script: {error}")),
    };
    let said = |choice: &&Choice| choice.value() == Some(&*computed);
    let is_one = choices.iter().filter(said).count() == 1;
    let agrees = choices.iter().all(|choice| choice.is_right == said(&choice));
    (!is_one || !agrees).then(|| format!("the protocol says `{computed}`"))
}
