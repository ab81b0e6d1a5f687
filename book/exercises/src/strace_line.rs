//! Under `std::net`: a line of `strace`, column by column.
//!
//! ```text
//! 4736  recvfrom(4, "GET / HT", 1024, 0, NULL, NULL) = 8
//! ```
//!
//! * `thread` is the number in front, as `strace -f -o FILE` writes it. Without `-f` there is none.
//!   (Without `-o` it would be `[pid 4736]`; this form does not occur.)
//! * `name` consists of letters, digits and `_`.
//! * `arguments` are what stands between the parentheses, without the spaces around each. There
//!   may be none. A comma in quotes, or within braces, brackets or parentheses, does not separate.
//!   In quotes a backslash takes its meaning from the character behind it: `\"` does not end them.
//! * `outcome` is what stands after the equals sign: a decimal number, which may have something
//!   behind it (`0 (Timeout)`, `0 <0.000009>`); `-1` with the name of an errno; or `?`, if no
//!   result ever came. A result in hexadecimal, as `mmap` has one, does not occur.
//! * What is no whole call gives `None`: `+++ exited with 0 +++`, `accept4(3,  <unfinished ...>`,
//!   `<... accept4 resumed>, …) = 4`.
//!
//! `None` also for what `strace` would not write: `close(4)`, `close(4) = x`, `close?(4) = 0`.
//! What stands in quotes may look like anything, for example like `) = -1`.

#[derive(Debug, PartialEq, Eq)]
pub struct Line<'a> {
    pub thread: Option<u32>,
    pub name: &'a str,
    pub arguments: Vec<&'a str>,
    pub outcome: Outcome<'a>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    Returned(i64),
    /// The name of the errno.
    Failed(&'a str),
    Unknown,
}

pub fn parse(line: &str) -> Option<Line<'_>> {
    todo!()
}
