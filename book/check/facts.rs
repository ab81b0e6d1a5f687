//! Numbers in prose. What was measured or counted stands in `book/facts.txt` with its source, and
//! a chapter includes it from there. A number with a unit that is typed into a chapter is a
//! problem, unless a predicate on a trace holds the sentence that it is in.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::links::{Files, Problem, line_of, options};

/// Units of what is measured.
const UNITS: [&str; 12] = ["ns", "µs", "ms", "s", "%", "KiB", "MiB", "GiB", "kB", "KB", "MB", "GB"];

/// A fact without a source, or one that its source does not hold.
///
/// Above a fact there has to be a comment. A line `# from FILE: QUOTE` says that the file has this
/// text, and that its last number is the fact; if the fact has a unit, the quote has the same.
/// Without such a line the comment says that a test *compares* the fact, or that it was
/// *measured once*.
pub fn unfounded(files: &impl Files, facts: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut sources: Vec<&str> = Vec::new();
    let mut name = None;
    for line in facts.lines() {
        if let Some(anchor) = line.strip_prefix("# ANCHOR: ") {
            name = Some(anchor);
            let is_known = |source: &&str| {
                !source.starts_with('#')
                    || source.contains("compares")
                    || source.contains("measured once")
            };
            if sources.is_empty() {
                found.push(format!("`{anchor}` has no source above it"));
            } else if !sources.iter().any(is_known) {
                found.push(format!("`{anchor}`: who compares it, or was it measured once?"));
            }
        } else if line.starts_with("# ANCHOR_END: ") {
            name = None;
            sources.retain(|source| source.starts_with('#')); // a quote is for one fact
        } else if let Some(name) = name {
            let held = sources.iter().filter_map(|source| source.split_once(": "));
            found.extend(held.filter_map(|(file, quote)| {
                verify(files, file, quote, line).err().map(|what| format!("`{name}`: {what}"))
            }));
        } else if let Some(source) = line.strip_prefix("# from ") {
            sources.push(source);
        } else if line.is_empty() {
            sources.clear();
        } else {
            sources.push(line);
        }
    }
    found
}

fn verify(files: &impl Files, file: &str, quote: &str, fact: &str) -> Result<(), String> {
    if file.starts_with('#') {
        return Ok(()); // a remark with a colon in it
    }
    let text = files.text(file).ok_or(format!("{file} does not exist"))?;
    if !has(&text, quote) {
        return Err(format!("{file} does not have `{quote}`"));
    }
    let ((number, unit), said) = (value(fact), value(quote));
    if number.is_some() && number == said.0 && (unit.is_none() || unit == said.1) {
        Ok(())
    } else {
        Err(format!("{file} says `{quote}`, not {fact}"))
    }
}

/// Whether a text has this quote, and does not cut a number in two.
fn has(text: &str, quote: &str) -> bool {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    text.match_indices(quote).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + quote.len()..]);
        let begins_within = is_digit(before.chars().last()) && is_digit(quote.chars().next());
        let ends_within = is_digit(quote.chars().last()) && is_digit(after.chars().next());
        !begins_within && !ends_within
    })
}

/// The last number of a text that is a word of its own, and its unit.
fn value(text: &str) -> (Option<u64>, Option<String>) {
    // The units of Rust are those of prose.
    let text = text.replace([',', '_'], "").replace("<< 10", "KiB").replace("<< 20", "MiB");
    let is_part = |c: char| !c.is_alphanumeric() && c != '%';
    let words: Vec<&str> = text.split(is_part).filter(|word| !word.is_empty()).collect();
    let number = words.iter().rposition(|word| word.parse::<u64>().is_ok());
    let Some(at) = number else { return (None, None) };
    let unit = match at.checked_sub(1).map(|before| words[before]) {
        Some("fromsecs") => Some("s"),
        Some("frommillis") => Some("ms"),
        _ => words.get(at + 1).copied(),
    };
    (words[at].parse().ok(), unit.map(str::to_owned))
}

/// Numbers with a unit that are typed into a text.
#[must_use]
pub fn typed(file: &str, text: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut is_code = false;
    // What has been read of a paragraph, and where it began.
    let (mut run, mut start) = (String::new(), 0);
    for (event, at) in Parser::new_ext(text, options()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            Event::Start(Tag::Paragraph | Tag::Item | Tag::TableCell | Tag::Heading { .. }) => {
                start = at.start;
                run.clear();
            }
            Event::Text(part) if !is_code => run.push_str(&part),
            Event::SoftBreak | Event::HardBreak => run.push(' '),
            Event::Code(_) => run.push_str(" code "),
            Event::InlineHtml(html) if html.starts_with("<!-- trace ") => drop_sentence(&mut run),
            Event::End(
                TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell | TagEnd::Heading(_),
            ) => {
                found.extend(measured(&run).map(|number| Problem {
                    file: file.to_owned(),
                    line: line_of(text, start),
                    what: format!("`{number}` is typed: include it from book/facts.txt"),
                }));
                run.clear();
            }
            _ => {}
        }
    }
    found
}

/// Forgets the last sentence: a predicate holds it.
fn drop_sentence(run: &mut String) {
    let sentence = run.trim_end();
    let body = sentence.trim_end_matches(|c: char| !c.is_alphanumeric());
    let ends = [". ", "? ", ".) "].map(|end| body.rfind(end).map(|at| at + end.len()));
    run.truncate(ends.into_iter().flatten().max().unwrap_or_default());
}

/// The numbers with a unit in a text.
fn measured(text: &str) -> impl Iterator<Item = String> {
    let words: Vec<&str> = text
        .split([' ', '\u{a0}', '\n'])
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '%'))
        .collect();
    let is_number = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            && word.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
    };
    (0..words.len()).filter_map(move |at| {
        let (word, next) = (words[at], words.get(at + 1).copied().unwrap_or_default());
        let joined = UNITS.iter().any(|unit| word.strip_suffix(*unit).is_some_and(is_number));
        match (joined, is_number(word) && UNITS.contains(&next)) {
            (true, _) => Some(word.to_owned()),
            (_, true) => Some(format!("{word} {next}")),
            _ => None,
        }
    })
}
