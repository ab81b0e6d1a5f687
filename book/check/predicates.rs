//! What the chapters say of a trace, as functions of its text.
//!
//! A sentence about a trace is followed by a comment that names the function which it is true by:
//! `<!-- trace mio.txt: two_waits_between_request_and_answer -->`. When a trace is
//! recorded again, [`misstated`] finds the sentences that have become false.
//!
//! The functions of each chapter stand in a file of their own below this one.

use std::collections::BTreeSet;

use crate::links::{Files, Problem, line_of};

mod answering;
mod bytes;
mod calls;
mod completions;
mod define;
mod dispatch;
mod event_loop;
mod first_server;
mod http2;
mod poll;
mod state_machine;
mod threads;
mod under_std_net;

pub use define::Predicate;

/// Where the traces are.
const TRACES: &str = "book/traces/";

/// All predicates by their names.
#[must_use]
pub fn all() -> Vec<(&'static str, Predicate)> {
    [
        first_server::ALL,
        under_std_net::ALL,
        bytes::ALL,
        answering::ALL,
        state_machine::ALL,
        threads::ALL,
        dispatch::ALL,
        event_loop::ALL,
        completions::ALL,
        http2::ALL,
        poll::ALL,
    ]
    .concat()
}

/// A sentence about a trace: the predicate that it is true by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<'c> {
    /// The name of the trace in `book/traces`.
    pub trace: &'c str,
    /// The name of the predicate.
    pub predicate: &'c str,
    /// Where in the chapter.
    at: usize,
}

/// The claims of a chapter about traces.
#[must_use]
pub fn claims(chapter: &str) -> Vec<Claim<'_>> {
    let comments = chapter.match_indices("<!-- trace ").filter_map(|(at, start)| {
        let comment = &chapter[at + start.len()..];
        let (trace, predicate) = comment[..comment.find(" -->")?].split_once(": ")?;
        Some(Claim { trace, predicate, at })
    });
    comments.collect()
}

/// What is wrong with the claims of these chapters, given the predicates there are.
pub fn misstated(
    files: &impl Files,
    chapters: &[String],
    predicates: &[(&str, Predicate)],
) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut used = BTreeSet::<String>::new();
    for file in chapters {
        let text = files.text(file).unwrap_or_default();
        let mut wrong =
            |at, what| found.push(Problem { file: file.clone(), line: line_of(&text, at), what });
        let claims = claims(&text);
        for claim in &claims {
            used.insert(claim.predicate.to_owned());
            if let Err(what) = verify(files, claim, predicates) {
                wrong(claim.at, what);
            }
        }
        for (at, trace) in shown(&text) {
            if !claims.iter().any(|claim| claim.trace == trace) {
                wrong(at, format!("nothing that is said of {trace} names a predicate"));
            }
        }
        for (at, _) in text.match_indices("<!-- trace") {
            if !claims.iter().any(|claim| claim.at == at) {
                wrong(at, "the form is `<!-- trace FILE: NAME -->`".to_owned());
            }
        }
    }
    let unused = predicates.iter().filter(|(name, _)| !used.contains(*name));
    found.extend(unused.map(|(name, _)| Problem {
        file: "book/check/predicates.rs".to_owned(),
        line: 1,
        what: format!("no sentence is followed by `{name}`"),
    }));
    found
}

fn verify(
    files: &impl Files,
    claim: &Claim<'_>,
    predicates: &[(&str, Predicate)],
) -> Result<(), String> {
    let Claim { trace, predicate, .. } = claim;
    let text = files.text(&format!("{TRACES}{trace}")).ok_or(format!("there is no {trace}"))?;
    let (_, holds) = predicates
        .iter()
        .find(|(name, _)| name == predicate)
        .ok_or(format!("there is no predicate `{predicate}`"))?;
    if !holds(&text) {
        return Err(format!("`{predicate}` is not true of {trace}"));
    }
    // One that nothing makes false says nothing of this trace.
    if without_a_line(&text).any(|damaged| !holds(&damaged)) {
        Ok(())
    } else {
        Err(format!("`{predicate}` is true of {trace} whichever line is missing"))
    }
}

/// The trace without its first line, without its second, and so on.
fn without_a_line(text: &str) -> impl Iterator<Item = String> {
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len()).map(move |missing| {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != missing);
        kept.map(|(_, line)| format!("{line}\n")).collect()
    })
}

/// The traces that a chapter shows, and where.
fn shown(chapter: &str) -> impl Iterator<Item = (usize, &str)> {
    let include = "{{#include ../traces/";
    chapter.match_indices(include).filter_map(move |(at, _)| {
        let rest = &chapter[at + include.len()..];
        Some((at, rest[..rest.find("}}")?].split(':').next()?))
    })
}
