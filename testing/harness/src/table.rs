//! Tables of transitions in documentation, for tests that compare them with the code.

use std::collections::BTreeSet;

/// The rows of the table in the documentation of this file: from which state to which, without
/// what moves it on.
pub fn transitions(source: &str) -> BTreeSet<(String, String)> {
    source
        .lines()
        .filter_map(|line| line.strip_prefix("//! | ")?.strip_suffix(" |"))
        .map(|row| row.split(" | ").collect::<Vec<_>>())
        .map(|row| (row[0].to_owned(), row[2].to_owned()))
        .filter(|(from, _)| from != "from")
        .collect()
}
