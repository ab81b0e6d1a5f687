//! Under `std::net`: how many system calls is a request?
//!
//! `strace -c` adds up a whole run, and most of that is the start of the program. What a request
//! costs is found between two marks: a client asks for `/begin`, then for what is to be measured,
//! then for `/end`. Write what counts.
//!
//! * `count` says how often each call was made, and how often it failed (the result is −1 and the
//!   name of an errno; `?` is no failure). A call counts in the line that has its result.
//! * A call that was still waiting when another thread had something to say is written as two
//!   lines, which are one call: `name(… <unfinished ...>` and `<... name resumed>…) = …`.
//! * A number in front of a line is that of the thread. Lines about signals (`---`), about the end
//!   of a thread (`+++`) or from strace itself are no calls.
//! * What stands in quotes may look like anything: the result is what follows the last ` = `.
//! * `count_between` counts the lines between the first one that contains `begin` and the next one
//!   that contains `end`, without these two. `None` if one of the marks is missing.

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
    todo!()
}

/// The calls between two marks.
pub fn count_between<'a>(
    trace: &'a str,
    begin: &str,
    end: &str,
) -> Option<BTreeMap<&'a str, Count>> {
    todo!()
}
