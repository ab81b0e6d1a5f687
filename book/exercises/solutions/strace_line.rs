//! Under `std::net`: a line of `strace`, column by column.
//!
//! The bytes in quotes may hold anything: parentheses, commas, even ` = `. So nothing may be
//! searched for from the left or from the right before it is known where the quotes are. One walk
//! over the arguments keeps a depth and whether it is in quotes. It cuts at commas of depth 0, and
//! ends at the parenthesis that closes depth 0. Everything else is simple string handling on both
//! sides of it.
//!
//! An `<unfinished ...>` has no closing parenthesis, and a `resumed` has no name: both become
//! `None` without a rule of their own.

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
    let (front, rest) = line.split_once('(')?;
    let (thread, name) = match front.split_once(char::is_whitespace) {
        Some((number, name)) => (Some(number.parse().ok()?), name.trim()),
        None => (None, front),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    let (arguments, rest) = arguments(rest)?;
    let outcome = outcome(rest.trim_start().strip_prefix("= ")?)?;
    Some(Line { thread, name, arguments, outcome })
}

/// The arguments, and what stands behind the parenthesis that ends them.
fn arguments(text: &str) -> Option<(Vec<&str>, &str)> {
    let mut arguments = Vec::new();
    let (mut depth, mut is_quoted, mut is_escaped) = (0, false, false);
    let mut begin = 0;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' | '{' | '[' => depth += 1,
            ')' if depth == 0 => {
                let last = text[begin..at].trim();
                if !last.is_empty() || !arguments.is_empty() {
                    arguments.push(last);
                }
                return Some((arguments, &text[at + 1..]));
            }
            ')' | '}' | ']' => depth -= 1,
            ',' if depth == 0 => {
                arguments.push(text[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    None
}

fn outcome(text: &str) -> Option<Outcome<'_>> {
    let mut words = text.split_whitespace();
    match words.next()? {
        "?" => Some(Outcome::Unknown),
        "-1" => Some(Outcome::Failed(words.next()?)),
        number => Some(Outcome::Returned(number.parse().ok()?)),
    }
}
