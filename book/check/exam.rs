//! Draws an exam, or a test for before and after the course, from the questions of the quizzes.
//!
//! The questions of each chapter are shuffled by a seed, and then dealt to three forms in turn. So
//! a seed gives the same questions again, no two forms of it have one in common, and each has about
//! as many of every chapter.

use std::collections::BTreeMap;
use std::fmt::Write;

use fastrand::Rng;

use crate::quiz::Question;

/// How many questions a form has, if the chapters have so many.
pub const ITEMS: usize = 20;

/// What the questions are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A test before the course.
    Before,
    /// The same test after the course, with other questions.
    After,
    /// An exam.
    Exam,
}

impl Form {
    /// All forms, in the order in which they are dealt to, with their names.
    pub const ALL: [(Form, &'static str); 3] =
        [(Form::Before, "before"), (Form::After, "after"), (Form::Exam, "exam")];
}

/// Draws the questions of a form, with their choices in another order.
#[must_use]
pub fn draw(quizzes: &BTreeMap<String, Vec<Question>>, seed: u64, form: Form) -> Vec<Question> {
    let mut rng = Rng::with_seed(seed);
    let mut chapters: Vec<_> = quizzes.values().cloned().collect();
    rng.shuffle(&mut chapters);
    chapters.iter_mut().for_each(|questions| rng.shuffle(questions));
    let longest = chapters.iter().map(Vec::len).max().unwrap_or_default();
    let dealt = (form as usize..longest).step_by(Form::ALL.len());
    let of_each = dealt.flat_map(|at| chapters.iter().filter_map(move |it| it.get(at)));
    let mut drawn: Vec<Question> = of_each.take(ITEMS).cloned().collect();
    drawn.iter_mut().for_each(|question| rng.shuffle(&mut question.choices));
    drawn
}

/// The questions as they are handed out.
#[must_use]
pub fn paper(questions: &[Question]) -> String {
    let mut text = String::from("Mark each choice that is right. There may be more than one.\n");
    for (number, question) in (1..).zip(questions) {
        write(&mut text, format_args!("\n{number}. {}\n\n", question.title));
        if let Some(script) = &question.ask {
            script.lines().for_each(|line| write(&mut text, format_args!("       {line}\n")));
            text.push('\n');
        }
        for (letter, choice) in ('a'..).zip(&question.choices) {
            write(&mut text, format_args!("   {letter}) {}\n", choice.says));
        }
    }
    text
}

/// The letters that are right, and why.
#[must_use]
pub fn key(questions: &[Question]) -> String {
    let mut text = String::new();
    for (number, question) in (1..).zip(questions) {
        for (letter, choice) in ('a'..).zip(&question.choices).filter(|(_, it)| it.is_right) {
            write(&mut text, format_args!("{number}. {letter}) {}\n", choice.reason.trim()));
        }
    }
    text
}

fn write(text: &mut String, line: std::fmt::Arguments<'_>) {
    let written = text.write_fmt(line);
    debug_assert!(written.is_ok(), "writing to a String");
}
