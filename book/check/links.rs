//! Finds what a book may get wrong without anyone noticing: a listing whose source has gone, a
//! link that leads nowhere, a chapter that nobody can reach, a line of code that has moved.
//!
//! mdBook itself passes over most of this: a missing anchor gives an empty listing, a missing file
//! a message and exit code 0.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

/// Where the chapters are.
const CHAPTERS: &str = "book/src/";

/// Files by their path from the root of the repository, with slashes.
pub trait Files {
    /// The text of a file.
    fn text(&self, path: &str) -> Option<String>;
    /// Whether there is such a file or directory.
    fn exists(&self, path: &str) -> bool;
}

/// The files below a directory.
#[derive(Debug)]
pub struct Disk(pub PathBuf);

impl Files for Disk {
    fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.0.join(path)).ok()
    }

    fn exists(&self, path: &str) -> bool {
        self.0.join(path).exists()
    }
}

impl Files for BTreeMap<&str, &str> {
    fn text(&self, path: &str) -> Option<String> {
        self.get(path).map(ToString::to_string)
    }

    fn exists(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.keys()
            .any(|it| it.strip_prefix(path).is_some_and(|it| it.is_empty() || &it[..1] == "/"))
    }
}

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Everything that is wrong with a Markdown file.
pub fn check(files: &impl Files, file: &str) -> Vec<Problem> {
    match files.text(file) {
        Some(text) => check_text(files, file, &text),
        None => vec![Problem { file: file.into(), line: 1, what: "cannot be read".into() }],
    }
}

/// Everything that is wrong with a text that stands in this file, or is included there.
pub fn check_text(files: &impl Files, file: &str, text: &str) -> Vec<Problem> {
    let mut found = listings(files, file, text);
    for link in links(text) {
        if let Err(what) = follow(files, file, text, &link) {
            found.push((link.at.start, what));
        }
    }
    found.sort();
    let problem = |(at, what)| Problem { file: file.into(), line: line_of(text, at), what };
    found.into_iter().map(problem).collect()
}

/// Which of the chapters `SUMMARY.md` does not lead to.
pub fn unlisted(summary: &str, chapters: &[String]) -> Vec<String> {
    let listed: Vec<String> = links(summary).into_iter().map(|link| link.target).collect();
    let is_listed = |chapter: &String| chapter == "SUMMARY.md" || listed.contains(chapter);
    chapters.iter().filter(|chapter| !is_listed(chapter)).cloned().collect()
}

/// The text of a Markdown file in which every link to a line of code has the number that the line
/// has now, as far as it can be found.
pub fn update(files: &impl Files, file: &str, text: &str) -> String {
    let mut updated = text.to_owned();
    for link in links(text).into_iter().rev() {
        let Some((path, fragment)) = link.target.split_once('#') else { continue };
        let Some(code) = resolve(file, path).and_then(|path| files.text(&path)) else { continue };
        let [line] = lines_with(&code, &link.title)[..] else { continue };
        if is_line(fragment) {
            let source = &text[link.at.clone()];
            let new = source.replacen(&link.target, &format!("{path}#L{line}"), 1);
            updated.replace_range(link.at, &new);
        }
    }
    updated
}

/// A link or a picture.
struct Link {
    target: String,
    title: String,
    at: Range<usize>,
}

pub(crate) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM
}

/// All links, those in HTML included. What looks like one in code is none.
fn links(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    for (event, at) in Parser::new_ext(text, options()).into_offset_iter() {
        match event {
            Event::Start(
                Tag::Link { link_type, dest_url, title, .. }
                | Tag::Image { link_type, dest_url, title, .. },
            ) => {
                let scheme = if link_type == LinkType::Email { "mailto:" } else { "" };
                let target = format!("{scheme}{dest_url}");
                links.push(Link { target, title: title.into_string(), at });
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for attribute in [" href=\"", " src=\""] {
                    for rest in html.split(attribute).skip(1) {
                        let target = rest.split('"').next().unwrap_or_default().to_owned();
                        links.push(Link { target, title: String::new(), at: at.clone() });
                    }
                }
            }
            _ => {}
        }
    }
    links
}

/// Sees where a link leads.
fn follow(files: &impl Files, file: &str, text: &str, link: &Link) -> Result<(), String> {
    let target = &link.target;
    if target.contains("://") || target.starts_with("mailto:") || target.starts_with("data:") {
        return Ok(());
    }
    let (path, fragment) = match target.split_once('#') {
        Some((path, fragment)) => (path, Some(fragment)),
        None => (target.as_str(), None),
    };
    let path = resolve(file, path).ok_or(format!("{target} leads out of the repository"))?;
    if file.starts_with(CHAPTERS) && !path.starts_with(CHAPTERS) {
        return Err(format!("{target} leads out of the book: once published, it would be dead"));
    }
    if !files.exists(&path) {
        return Err(format!("{target} does not exist"));
    }
    let Some(fragment) = fragment else { return Ok(()) };
    let there = if path == file { Some(text.to_owned()) } else { files.text(&path) };
    let there = there.ok_or(format!("{target} has a fragment, but is no text"))?;
    if !path.ends_with(".md") {
        return line_holds(&there, target, fragment, &link.title);
    }
    if heading_ids(&there).iter().any(|id| id == fragment) {
        Ok(())
    } else {
        Err(format!("{target}: there is no such heading"))
    }
}

/// Whether the text that a link quotes stands on the line that it names, and nowhere else.
fn line_holds(code: &str, target: &str, fragment: &str, quoted: &str) -> Result<(), String> {
    if !is_line(fragment) {
        return Err(format!("{target}: a fragment of a source file has the form #L42"));
    }
    if quoted.is_empty() {
        return Err(format!("{target}: the link has to quote the line, as its title"));
    }
    match &lines_with(code, quoted)[..] {
        [] => Err(format!("{target}: `{quoted}` stands nowhere in this file")),
        [line] if fragment[1..] == line.to_string() => Ok(()),
        [line] => Err(format!("{target}: `{quoted}` is on line {line} now")),
        many => Err(format!("{target}: `{quoted}` stands on lines {many:?}; quote more of one")),
    }
}

fn is_line(fragment: &str) -> bool {
    fragment.strip_prefix('L').is_some_and(|it| it.parse::<usize>().is_ok())
}

/// The numbers of the lines that hold `quoted`, from 1.
fn lines_with(code: &str, quoted: &str) -> Vec<usize> {
    let holds = |(at, line): (usize, &str)| line.contains(quoted).then_some(at + 1);
    code.lines().enumerate().filter_map(holds).collect()
}

/// The identifiers of all headings, as mdBook and the forges make them.
pub(crate) fn heading_ids(text: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let mut seen = BTreeMap::<String, usize>::new();
    let mut open: Option<(Option<String>, String)> = None;
    for event in Parser::new_ext(text, options()) {
        match (event, &mut open) {
            (Event::Start(Tag::Heading { id, .. }), _) => {
                open = Some((id.map(pulldown_cmark::CowStr::into_string), String::new()));
            }
            (Event::Text(part) | Event::Code(part), Some((_, heading))) => heading.push_str(&part),
            (Event::End(TagEnd::Heading(_)), _) => {
                let Some((id, heading)) = open.take() else { continue };
                let id = id.unwrap_or_else(|| identifier(&heading));
                let count = seen.entry(id.clone()).or_default();
                ids.push(if *count == 0 { id } else { format!("{id}-{count}") });
                *count += 1;
            }
            _ => {}
        }
    }
    ids
}

fn identifier(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        _ if c.is_alphanumeric() || matches!(c, '_' | '-') => Some(c),
        _ if c.is_whitespace() => Some('-'),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

/// What is wrong with the listings: with `{{#include …}}` and with the blocks it stands in.
fn listings(files: &impl Files, file: &str, text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let blocks = code_blocks(text);
    for (at, _) in text.match_indices("{{#") {
        if text[..at].ends_with('\\') {
            continue; // escaped
        }
        let directive = &text[at + 3..];
        let directive = &directive[..directive.find("}}").unwrap_or(directive.len())];
        let block = blocks.iter().find(|(range, _)| range.contains(&at));
        found.extend(listing(files, file, text, directive, block).err().map(|what| (at, what)));
    }
    found
}

/// Sees whether a listing has a source, names it, and is left alone by rustdoc.
fn listing(
    files: &impl Files,
    file: &str,
    text: &str,
    directive: &str,
    block: Option<&(Range<usize>, String)>,
) -> Result<(), String> {
    let Some(source) = directive.strip_prefix("include ") else {
        return Err(format!("`{directive}` is not the one kind of directive in use"));
    };
    let source = source.trim();
    let (path, anchor) = match source.split_once(':') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (source, None),
    };
    let path = resolve(file, path).ok_or(format!("{source} lies outside of the repository"))?;
    let code = files.text(&path).ok_or(format!("{path} does not exist"))?;
    let shown = match anchor {
        None => code,
        Some(anchor) => anchored(&code, anchor).map_err(|what| format!("{path}: {what}"))?,
    };
    if shown.trim().is_empty() {
        return Err(format!("{source} gives an empty listing"));
    }
    let Some((range, language)) = block else {
        return match is_prose(&path) {
            true => Ok(()),
            false => Err(format!("{source} is not in a code block")),
        };
    };
    if language.starts_with("rust") && !language.contains("ignore") {
        return Err(format!(
            "{source} is in a `{language}` block: rustdoc would try to compile it"
        ));
    }
    let above = text[..range.start].trim_end().lines().next_back().unwrap_or_default();
    if above.contains(&format!("`{path}`")) {
        Ok(())
    } else {
        Err(format!("{source}: the line above the listing does not name `{path}`"))
    }
}

/// How many lines each code block of a chapter shows, with the line at which it stands. A source
/// that is not there counts for none.
pub fn shown_lines(files: &impl Files, file: &str, text: &str) -> Vec<(usize, usize)> {
    let lines = |(range, _): (Range<usize>, String)| {
        let block = &text[range.clone()];
        let inside = block.lines().skip(1).filter(|line| !line.starts_with("```"));
        let count = inside.map(|line| {
            let source = line.strip_prefix("{{#include ").and_then(|it| it.strip_suffix("}}"));
            source.map_or(1, |source| included(files, file, source).lines().count())
        });
        (line_of(text, range.start), count.sum())
    };
    code_blocks(text).into_iter().map(lines).collect()
}

/// What stands in place of a directive, as far as it can be found.
fn included(files: &impl Files, file: &str, source: &str) -> String {
    let (path, anchor) = source.split_once(':').map_or((source, None), |(p, a)| (p, Some(a)));
    let text = resolve(file, path).and_then(|path| files.text(&path)).unwrap_or_default();
    match anchor {
        None => text,
        Some(anchor) => anchored(&text, anchor).unwrap_or_default(),
    }
}

/// Whether a file is included as text and not as a listing: facts, quizzes, the glossary.
fn is_prose(path: &str) -> bool {
    matches!(path, "book/facts.txt" | "book/minutes.md" | "book/plan.md")
        || path.starts_with("book/quiz/")
}

/// What stands between the two ends of an anchor, as mdBook shows it.
fn anchored(code: &str, anchor: &str) -> Result<String, String> {
    if anchor.starts_with(|first: char| first.is_ascii_digit() || first == ':') {
        return Err(format!("`{anchor}` counts lines, which move: use an anchor"));
    }
    let is = |line: &str, kind: &str| {
        line.split_once(kind).is_some_and(|(_, name)| name.trim() == anchor)
    };
    let mut lines = code.lines().skip_while(|line| !is(line, "ANCHOR:"));
    lines.next().ok_or(format!("there is no `ANCHOR: {anchor}`"))?;
    let mut shown = String::new();
    let mut has_end = false;
    for line in lines {
        if is(line, "ANCHOR_END:") {
            has_end = true;
            break;
        }
        if !line.contains("ANCHOR:") && !line.contains("ANCHOR_END:") {
            shown.push_str(line);
            shown.push('\n');
        }
    }
    if has_end { Ok(shown) } else { Err(format!("there is no `ANCHOR_END: {anchor}` after it")) }
}

/// Where the code blocks are, and of which language.
fn code_blocks(text: &str) -> Vec<(Range<usize>, String)> {
    let parser = Parser::new_ext(text, options()).into_offset_iter();
    parser
        .filter_map(|(event, at)| match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                Some((at, language.into_string()))
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => Some((at, String::new())),
            _ => None,
        })
        .collect()
}

/// The path from the root to which `target`, seen from `file`, leads. `None` outside of the root.
pub(crate) fn resolve(file: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(file.to_owned());
    }
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}
