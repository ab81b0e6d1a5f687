//! Figures of states against the code. Above such a figure a comment names the enums:
//! `<!-- states FILE: Enum, Enum; FILE: Enum except Variant -->`. In the figure each enum has a
//! group `class="mono states" data-enum="Enum"` with a label for each of its variants, but for one
//! that is excepted, and no other.

use std::collections::BTreeSet;

use crate::links::{Files, Problem, line_of};

/// Where a figure of states and its enums differ.
pub fn outdated(files: &impl Files, file: &str, text: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut enums = 0;
    for (at, _) in text.match_indices("<!-- states ") {
        let problem = |what| Problem { file: file.to_owned(), line: line_of(text, at), what };
        match wanted(files, &text[at..]) {
            Ok((wanted, figure)) => {
                enums += wanted.len();
                found.extend(wanted.iter().flat_map(|it| differences(it, figure)).map(problem));
            }
            Err(what) => {
                found.push(problem(what));
                return found;
            }
        }
    }
    if text.matches("class=\"mono states\"").count() != enums {
        let what = "each figure of states needs a comment `<!-- states FILE: Enum -->`".to_owned();
        found.push(Problem { file: file.to_owned(), line: 1, what });
    }
    found
}

/// An enum and what a figure has to show of it.
struct Wanted {
    name: String,
    variants: BTreeSet<String>,
}

/// What a comment wants of the figure below it, and that figure.
fn wanted<'t>(files: &impl Files, text: &'t str) -> Result<(Vec<Wanted>, &'t str), String> {
    let (sources, rest) = text
        .strip_prefix("<!-- states ")
        .and_then(|rest| rest.split_once(" -->"))
        .ok_or("the form is `<!-- states FILE: Enum, Enum -->`")?;
    let figure = rest.split("</figure>").next().unwrap_or_default();
    let mut wanted = Vec::new();
    for source in sources.split("; ") {
        let (path, names) =
            source.split_once(": ").ok_or_else(|| format!("`{source}` is not `FILE: Enum`"))?;
        let code = files.text(path).unwrap_or_default();
        for part in names.split(", ") {
            let (name, except) = part.split_once(" except ").unwrap_or((part, ""));
            let mut variants = variants(&code, name);
            if variants.is_empty() {
                return Err(format!("{path} has no enum `{name}`"));
            }
            if !except.is_empty() && !variants.remove(except) {
                return Err(format!("`{name}` has no `{except}`"));
            }
            wanted.push(Wanted { name: name.to_owned(), variants });
        }
    }
    Ok((wanted, figure))
}

fn differences(wanted: &Wanted, figure: &str) -> Vec<String> {
    let Wanted { name, variants } = wanted;
    let shown = labels(figure, name);
    let missing = variants.difference(&shown).map(|it| format!("the figure lacks `{name}::{it}`"));
    let gone = shown.difference(variants).map(|it| format!("the code has no `{name}::{it}`"));
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

/// The labels of the group of an enum.
fn labels(figure: &str, name: &str) -> BTreeSet<String> {
    let start = format!("class=\"mono states\" data-enum=\"{name}\"");
    let Some(group) = figure.split(&start).nth(1) else { return BTreeSet::new() };
    let group = group.split("</g>").next().unwrap_or_default();
    let texts = group.split("<text").skip(1).filter_map(|text| text.split_once('>'));
    let texts = texts.filter_map(|(_, rest)| rest.split("</text>").next());
    texts.flat_map(|text| text.split(", ")).map(str::to_owned).collect()
}
