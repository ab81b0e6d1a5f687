//! The five waits stand in one order in all backends, so that a diff of two is the lesson.
//!
//! In the source a wait is marked by a comment that says its name and nothing else; in the
//! documentation of a crate it is the row of a table that begins with its name.

/// The five waits, in the order of the vocabulary.
pub const WAITS: [&str; 5] =
    ["input", "room to send", "a moment in time", "work done elsewhere", "shutdown"];

/// What is wrong with the comments that mark the waits in a source file.
#[must_use]
pub fn misplaced_tags(source: &str) -> Vec<String> {
    misplaced(source.lines().filter_map(|line| line.trim().strip_prefix("// ")))
}

/// What is wrong with the table of the waits in the documentation of a crate.
#[must_use]
pub fn misplaced_rows(source: &str) -> Vec<String> {
    let rows = source.lines().filter_map(|line| line.strip_prefix("//! | "));
    misplaced(rows.filter_map(|row| row.split(" | ").next()))
}

/// Each wait has to be named once, and in order.
fn misplaced<'s>(names: impl Iterator<Item = &'s str>) -> Vec<String> {
    let found: Vec<&str> = names.filter(|name| WAITS.contains(name)).collect();
    let count = |wait: &str| found.iter().filter(|name| **name == wait).count();
    let mut problems: Vec<String> = WAITS
        .into_iter()
        .filter(|wait| count(wait) != 1)
        .map(|wait| format!("`{wait}` stands there {} times", count(wait)))
        .collect();
    if problems.is_empty() && found != WAITS {
        problems.push(format!("the order is {found:?}"));
    }
    problems
}
