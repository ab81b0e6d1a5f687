//! The text of a chapter as its reader has it: words without listings and figures, sections, and
//! the order in which chapters are read.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::links::{heading_ids, options};

/// A chapter, or another page of the book.
#[derive(Clone, Debug)]
pub struct Page {
    /// The file below `book/src`.
    pub file: String,
    /// What SUMMARY.md calls it.
    pub title: String,
    /// Its Markdown.
    pub text: String,
}

impl Page {
    /// The number that SUMMARY.md gives it, if it is a chapter.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        self.title.split_once('.')?.0.parse().ok()
    }
}

/// The pages that SUMMARY.md lists, in its order. `read` gives the text of a file.
pub fn pages(summary: &str, read: impl Fn(&str) -> String) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let mut is_link = false;
    for event in Parser::new(summary) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                let text = read(&dest_url);
                pages.push(Page { file: dest_url.into_string(), title: String::new(), text });
                is_link = true;
            }
            Event::End(TagEnd::Link) => is_link = false,
            Event::Text(part) | Event::Code(part) if is_link => {
                if let Some(page) = pages.last_mut() {
                    page.title.push_str(&part);
                }
            }
            _ => {}
        }
    }
    pages
}

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As it is written, without what stands around it.
    pub text: String,
    /// Where it begins.
    pub at: usize,
    /// Where the link leads that it is part of.
    pub link: Option<String>,
}

/// The words of a text outside of code, figures and comments. What is in code between two words
/// gives an empty word, so that the two do not seem to stand side by side.
#[must_use]
pub fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let (mut link, mut is_code) = (None, false);
    for (event, at) in Parser::new_ext(text, options()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            Event::Start(Tag::Link { dest_url, .. }) => link = Some(dest_url.into_string()),
            Event::End(TagEnd::Link) => link = None,
            Event::Code(_) => words.push(Word { text: String::new(), at: at.start, link: None }),
            Event::Text(part) if !is_code => {
                let mut start = None;
                for (place, c) in part.char_indices().chain([(part.len(), ' ')]) {
                    match (start, c.is_alphanumeric() || c == '-') {
                        (None, true) => start = Some(place),
                        (Some(from), false) => {
                            let (text, at) = (part[from..place].to_owned(), at.start + from);
                            words.push(Word { text, at, link: link.clone() });
                            start = None;
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    words
}

/// How many words a learner reads: code that stands within a sentence counts as one, and neither
/// the note for teachers is for learners nor the text that stands in for a live figure.
#[must_use]
pub fn count(text: &str) -> usize {
    let end = text.find("\n## For teachers\n").unwrap_or(text.len());
    let (mut count, mut is_code, mut is_figure) = (0, false, false);
    for event in Parser::new_ext(&text[..end], options()) {
        match event {
            Event::Html(html) if html.starts_with("<div class=\"live\"") => is_figure = true,
            Event::Html(html) if html.starts_with("</div>") => is_figure = false,
            _ if is_figure => {}
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            Event::Code(_) => count += 1,
            Event::Text(part) if !is_code => {
                let is_word = |part: &&str| part.contains(char::is_alphanumeric);
                count += part.split_whitespace().filter(is_word).count();
            }
            _ => {}
        }
    }
    count
}

/// A part of a page under a heading of the second level.
#[derive(Clone, Debug)]
pub struct Section<'t> {
    /// The heading as it is shown.
    pub heading: String,
    /// What a link calls it.
    pub id: String,
    /// All that stands below the heading.
    pub body: &'t str,
    /// Where the heading begins.
    pub at: usize,
}

/// The parts of a page under headings of the second level.
#[must_use]
pub fn sections(text: &str) -> Vec<Section<'_>> {
    let found = headings(text);
    let seconds: Vec<&Heading> =
        found.iter().filter(|heading| heading.level == HeadingLevel::H2).collect();
    let ends = seconds.iter().skip(1).map(|next| next.at.start).chain([text.len()]);
    let section = |(heading, end): (&&Heading, usize)| Section {
        heading: heading.text.clone(),
        id: heading.id.clone(),
        body: text.get(heading.at.end..end).unwrap_or_default(),
        at: heading.at.start,
    };
    seconds.iter().zip(ends).map(section).collect()
}

/// Where the heading with this id begins.
#[must_use]
pub fn place_of(text: &str, id: &str) -> Option<usize> {
    headings(text).into_iter().find(|heading| heading.id == id).map(|heading| heading.at.start)
}

struct Heading {
    level: HeadingLevel,
    text: String,
    id: String,
    at: Range<usize>,
}

fn headings(text: &str) -> Vec<Heading> {
    let mut found = Vec::new();
    let mut open: Option<Heading> = None;
    for (event, at) in Parser::new_ext(text, options()).into_offset_iter() {
        match (event, &mut open) {
            (Event::Start(Tag::Heading { level, .. }), _) => {
                open = Some(Heading { level, text: String::new(), id: String::new(), at });
            }
            (Event::Text(part) | Event::Code(part), Some(heading)) => heading.text.push_str(&part),
            (Event::End(TagEnd::Heading(_)), _) => found.extend(open.take()),
            _ => {}
        }
    }
    for (heading, id) in found.iter_mut().zip(heading_ids(text)) {
        heading.id = id;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_prose() {
        let text = "# A *high-water\nmark*, `code`\n\n```rust\nnot this\n```\n\n\
                    <!-- nor this -->\n\nSee [here](b.md#c).\n";
        let words = words(text);
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["A", "high-water", "mark", "", "See", "here"]);
        let last = words.last().unwrap();
        assert_eq!((last.link.as_deref(), &text[last.at..last.at + 4]), (Some("b.md#c"), "here"));
    }

    #[test]
    fn sections_end_where_the_next_begins() {
        let text = "# Title\n\nIntro.\n\n## One\n\nText.\n\n### Within\n\n## Two `x`\n\nEnd.\n";
        let sections = sections(text);
        let names: Vec<(&str, &str)> =
            sections.iter().map(|it| (it.heading.as_str(), it.id.as_str())).collect();
        assert_eq!(names, [("One", "one"), ("Two x", "two-x")]);
        assert!(sections[0].body.contains("Within") && !sections[0].body.contains("End."));
        assert_eq!(place_of(text, "within"), text.find("### Within"));
    }

    #[test]
    fn pages_have_their_titles_and_numbers() {
        let summary = "# Summary\n\n[Intro](a.md)\n\n# Part\n\n- [3. The `x`](b.md)\n";
        let pages = pages(summary, str::to_owned);
        let found: Vec<(&str, Option<u32>)> =
            pages.iter().map(|page| (page.title.as_str(), page.number())).collect();
        assert_eq!(found, [("Intro", None), ("3. The x", Some(3))]);
    }
}
