//! Under `std::net`: system calls are counted.
//!
//! A line counts if it has a name and a result. An `<unfinished ...>` has none: its call counts
//! where it is resumed. (`strace -c` counts in the same way, when a call returns.) But it may have
//! quotes, and in them something that looks like a result, so it is sorted out first. Of the others
//! the result is searched for from the right: what stands in quotes is the peer's to choose.
//!
//! The marks are what makes it a measurement. Everything that happens once, from the loader to the
//! listener, is outside of them, and what is left is divided by the number of requests. A loop on
//! `poll` needs three calls for each: sleep, read, write. A fourth that fails with EAGAIN shows in
//! `errors`: a read that asks whether there is more, which the next `poll` would have said.

use std::collections::BTreeMap;

/// How often a call was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub calls: usize,
    /// How many of them failed.
    pub errors: usize,
}

/// The calls of a trace, by their names.
pub fn count(trace: &str) -> BTreeMap<&str, Count> {
    count_lines(trace.lines())
}

/// The calls between two marks.
pub fn count_between<'a>(
    trace: &'a str,
    begin: &str,
    end: &str,
) -> Option<BTreeMap<&'a str, Count>> {
    let mut lines = trace.lines();
    lines.find(|line| line.contains(begin))?;
    let length = lines.clone().position(|line| line.contains(end))?;
    Some(count_lines(lines.take(length)))
}

fn count_lines<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, Count> {
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    for (name, has_failed) in lines.filter_map(call) {
        let count = counts.entry(name).or_default();
        count.calls += 1;
        count.errors += usize::from(has_failed);
    }
    counts
}

/// The name of the call that returns in this line, and whether it has failed.
fn call(line: &str) -> Option<(&str, bool)> {
    if line.ends_with("<unfinished ...>") {
        return None;
    }
    let line = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let name = match line.strip_prefix("<... ") {
        Some(resumed) => resumed.split_once(" resumed>")?.0,
        None => line.split_once('(')?.0,
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (_, result) = line.rsplit_once(" = ")?;
    name.chars().all(is_name).then_some((name, result.starts_with("-1 ")))
}
