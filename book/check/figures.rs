//! Figures of states against the code. Above such a figure a comment names the enums:
//! `<!-- states FILE: Enum, Enum; FILE: Enum -->`. In the figure a group of the class `states` has
//! one label for each of their variants, and no other.

use std::collections::BTreeSet;

use crate::links::{Files, Problem, line_of};

/// Where a figure of states and its enums differ.
pub fn outdated(files: &impl Files, file: &str, text: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    let comments: Vec<usize> = text.match_indices("<!-- states ").map(|(at, _)| at).collect();
    for &at in &comments {
        for what in compare(files, &text[at..]) {
            found.push(Problem { file: file.to_owned(), line: line_of(text, at), what });
        }
    }
    if text.matches("class=\"mono states\"").count() != comments.len() {
        let what = "each figure of states needs a comment `<!-- states FILE: Enum -->`".to_owned();
        found.push(Problem { file: file.to_owned(), line: 1, what });
    }
    found
}

fn compare(files: &impl Files, text: &str) -> Vec<String> {
    let Some((sources, figure)) =
        text.strip_prefix("<!-- states ").and_then(|rest| rest.split_once(" -->"))
    else {
        return vec!["the form is `<!-- states FILE: Enum, Enum -->`".to_owned()];
    };
    let mut wanted = BTreeSet::new();
    for source in sources.split("; ") {
        let Some((path, names)) = source.split_once(": ") else {
            return vec![format!("`{source}` is not `FILE: Enum`")];
        };
        let code = files.text(path).unwrap_or_default();
        for name in names.split(", ") {
            let variants = variants(&code, name);
            if variants.is_empty() {
                return vec![format!("{path} has no enum `{name}`")];
            }
            wanted.extend(variants);
        }
    }
    let shown = labels(figure);
    let missing = wanted.difference(&shown).map(|name| format!("the figure lacks `{name}`"));
    let gone = shown.difference(&wanted).map(|name| format!("the code has no `{name}`"));
    missing.chain(gone).collect()
}

/// The names of the variants of an enum.
fn variants(code: &str, name: &str) -> BTreeSet<String> {
    let starts = [format!("enum {name} {{"), format!("enum {name}<")];
    let Some(start) = starts.iter().find_map(|start| code.find(start)) else {
        return BTreeSet::new();
    };
    let body = code[start..].lines().skip(1).take_while(|line| !line.starts_with('}'));
    let variant = |line: &str| {
        let line = line.strip_prefix("    ")?;
        let end = line.find(|c: char| !c.is_alphanumeric()).unwrap_or(line.len());
        let name = &line[..end];
        name.starts_with(|c: char| c.is_ascii_uppercase()).then(|| name.to_owned())
    };
    body.filter_map(variant).collect()
}

/// The labels of the group of the class `states`.
fn labels(figure: &str) -> BTreeSet<String> {
    let Some(group) = figure.split("class=\"mono states\"").nth(1) else { return BTreeSet::new() };
    let group = group.split("</g>").next().unwrap_or_default();
    let texts = group.split("<text").skip(1).filter_map(|text| text.split_once('>'));
    let texts = texts.filter_map(|(_, rest)| rest.split("</text>").next());
    texts.flat_map(|text| text.split(", ")).map(str::to_owned).collect()
}
