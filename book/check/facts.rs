//! Numbers in prose. What was measured or counted stands in `book/facts.txt` with its source, and
//! a chapter includes it from there. A number with a unit that is typed into a chapter is a
//! problem, unless a predicate on a trace holds the paragraph that it is in.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::links::{Files, Problem, line_of, options};

/// Units of what is measured.
const UNITS: [&str; 12] = ["ns", "µs", "ms", "s", "%", "KiB", "MiB", "GiB", "kB", "KB", "MB", "GB"];

/// A fact without a source, or one that its source does not hold.
///
/// Above a fact there has to be a comment. A line `# from FILE: QUOTE` says that the file has this
/// text, and that the digits of the fact are in it.
pub fn unfounded(files: &impl Files, facts: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut sources: Vec<&str> = Vec::new();
    let mut name = None;
    for line in facts.lines() {
        if let Some(anchor) = line.strip_prefix("# ANCHOR: ") {
            name = Some(anchor);
            if sources.is_empty() {
                found.push(format!("`{anchor}` has no source above it"));
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
    if !text.contains(quote) {
        return Err(format!("{file} does not have `{quote}`"));
    }
    let digits = |text: &str| text.replace([',', '_'], "");
    let number: String = digits(fact).chars().take_while(char::is_ascii_digit).collect();
    if digits(quote).contains(&number) && !number.is_empty() {
        Ok(())
    } else {
        Err(format!("{file} says `{quote}`, not {fact}"))
    }
}

/// Numbers with a unit that are typed into a chapter.
#[must_use]
pub fn typed(file: &str, text: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    let (mut is_code, mut is_held) = (false, false);
    // What has been read of a paragraph, and where it began.
    let (mut run, mut start) = (String::new(), 0);
    for (event, at) in Parser::new_ext(text, options()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            Event::Start(Tag::Paragraph | Tag::Item | Tag::TableCell | Tag::Heading { .. }) => {
                start = at.start;
                is_held = text[at].contains("<!-- trace ");
                run.clear();
            }
            Event::Text(part) if !is_code => run.push_str(&part),
            Event::SoftBreak | Event::HardBreak => run.push(' '),
            Event::Code(_) => run.push_str(" code "),
            Event::End(
                TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell | TagEnd::Heading(_),
            ) => {
                found.extend(measured(&run).filter(|_| !is_held).map(|number| Problem {
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
