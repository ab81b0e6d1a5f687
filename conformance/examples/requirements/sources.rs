//! Where the comments of the libraries name which section of which RFC.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The RFC and the number of the section.
pub(crate) type Section = (u16, String);

/// A file of the workspace, and the function or type in it. Not the line: it changes all the time.
pub(crate) type Place = (String, String);

/// Stands for a file as a whole.
pub(crate) const MODULE: &str = "the module";

/// Where to look, and the RFC that a section is of if neither its comment nor its file names one.
const SOURCES: [(&str, Option<u16>); 6] = [
    ("protocol/src", None),
    ("layer-http2/src", None),
    ("layer-websocket/src", Some(6455)),
    ("layer-tls/src", None),
    ("app/src", None),
    ("backend-common/src", None),
];

/// All places, by the section that they name.
pub(crate) fn places() -> BTreeMap<Section, Vec<Place>> {
    let conformance = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = conformance.parent().expect("the workspace");
    let mut places = BTreeMap::new();
    for (directory, rfc) in SOURCES {
        let mut files = Vec::new();
        gather(&workspace.join(directory), &mut files);
        files.sort();
        for path in files {
            let text = fs::read_to_string(&path).expect("a source");
            let inside = path.strip_prefix(workspace).expect("a file of the workspace");
            let name = inside.to_string_lossy().replace('\\', "/");
            for (section, item) in named(&text, rfc) {
                places.entry(section).or_insert_with(Vec::new).push((name.clone(), item));
            }
        }
    }
    places
}

/// All sources below a directory, but for tests.
fn gather(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

/// The sections that a source names in its comments, each with the item that it is about.
fn named(source: &str, default: Option<u16>) -> Vec<(Section, String)> {
    let lines: Vec<_> = source.split("#[cfg(test)]\nmod ").next().unwrap_or("").lines().collect();
    // The first RFC of the file's own documentation is meant wherever no other is named.
    let documentation = lines.iter().take_while(|line| line.starts_with("//!"));
    let default = documentation.flat_map(|line| references(line)).find_map(|it| it.0).or(default);
    let mut named = Vec::new();
    let mut rfc = default;
    for (at, line) in lines.iter().enumerate() {
        let Some(comment) = comment(line) else {
            rfc = default;
            continue;
        };
        if !line.trim_start().starts_with("//") {
            rfc = default; // behind code: a comment of its own
        }
        for (other, section) in references(comment) {
            rfc = other.or(rfc);
            if let (Some(rfc), Some(section)) = (rfc, section) {
                named.push(((rfc, section.into()), item(&lines, at)));
            }
        }
    }
    named
}

/// What stands behind `//`, if anything. In our strings it has no space behind it.
fn comment(line: &str) -> Option<&str> {
    let starts = ["// ", "/// ", "//! "].into_iter();
    starts.filter_map(|it| line.find(it)).min().map(|at| &line[at..])
}

/// The RFCs and sections in a comment, in their order.
fn references(comment: &str) -> Vec<(Option<u16>, Option<&str>)> {
    let number =
        |text: &str, more: fn(char) -> bool| text.find(|it| !more(it)).unwrap_or(text.len());
    let mut found = Vec::new();
    let mut rest = comment;
    while let Some(at) = rest.find(['R', '§']) {
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("RFC ") {
            let end = number(after, |it| it.is_ascii_digit());
            found.push((after[..end].parse().ok(), None));
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix('§') {
            let end = number(after, |it| it.is_ascii_digit() || it == '.');
            found.push((None, Some(after[..end].trim_end_matches('.'))));
            rest = &after[end..];
        } else {
            rest = &rest[1..];
        }
    }
    found
}

/// The item that the comment in this line is about: what it documents, or else what it is in.
fn item(lines: &[&str], at: usize) -> String {
    let line = lines[at].trim_start();
    if line.starts_with("//!") {
        return MODULE.into();
    }
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let enclosing = |at: usize| {
        let deep = indentation(lines[at]);
        let above = lines[..at].iter().rev().filter(|it| indentation(it) < deep);
        above.filter_map(|line| declared(line.trim_start())).next()
    };
    if !line.starts_with("///") {
        return enclosing(at).or_else(|| declared(line)).unwrap_or(MODULE).into();
    }
    let below = lines[at..].iter().position(|line| {
        let line = line.trim_start();
        !line.starts_with("//") && !line.starts_with('#')
    });
    let Some(below) = below.map(|it| at + it) else { return MODULE.into() };
    match (declared(lines[below].trim_start()), enclosing(below)) {
        (Some(name), _) => name.into(),
        (None, Some(inside)) => {
            let part = lines[below].trim_start();
            let part = part.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            let end = part.find(|it: char| !is_of_name(it)).unwrap_or(part.len());
            format!("{inside}::{}", &part[..end])
        }
        (None, None) => MODULE.into(),
    }
}

fn is_of_name(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '_'
}

/// The name of the function, type or constant that a line declares.
fn declared(line: &str) -> Option<&str> {
    const WORDS: [&str; 8] = ["fn", "struct", "enum", "const", "static", "type", "trait", "impl"];
    let mut words = line.split_whitespace().skip_while(|word| {
        word.starts_with("pub")
            || matches!(*word, "async" | "unsafe" | "extern")
            || *word == "const" && line.contains(" fn ")
    });
    let word =
        words.next().filter(|word| WORDS.iter().any(|it| word.split('<').next() == Some(it)));
    let mut name = words.next()?;
    if word?.starts_with("impl") {
        // `impl Trait for Type` is about the type.
        name = line.split(" for ").nth(1).unwrap_or(name);
    }
    let end = name.find(|it| !is_of_name(it)).unwrap_or(name.len());
    Some(&name[..end]).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_what_is_said_of_them() {
        let source = "\
//! Heads (RFC 9112 §2, §3).

/// A head (§5.1; RFC 9110 §5, §6.4).
pub(crate) struct Head {
    /// Its length (§6.2).
    pub(crate) length: u64,
}

impl<'a> Iterator for Lines<'a> {
    // RFC 9110 §5.3
    const MOST: usize = 1;

    fn next(&mut self) {
        let link = \"https://example.org/§1\"; // §9.6.
        // RFC 9113 §8.1: and
        // §8.2.
        close();
    }
}

#[cfg(test)]
mod tests {
    // RFC 9112 §7
}
";
        let expected = [
            (9112, "2", MODULE),
            (9112, "3", MODULE),
            (9112, "5.1", "Head"),
            (9110, "5", "Head"),
            (9110, "6.4", "Head"),
            (9112, "6.2", "Head::length"),
            (9110, "5.3", "Lines"),
            (9112, "9.6", "next"),
            (9113, "8.1", "next"),
            (9113, "8.2", "next"),
        ];
        let expected = expected.map(|(rfc, section, item)| ((rfc, section.into()), item.into()));
        assert_eq!(named(source, None), expected);
        assert_eq!(named("// §1\nfn f() {}", Some(6455))[0].0, (6455, "1".into()));
    }
}
