//! The page: its parts, joined.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

use crate::report::data::{Embedded, embedded};
use crate::results::Results;

/// The most bytes that a page of a full run may have.
pub const LIMIT: usize = 1_500_000;

const HTML: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");

/// In the order in which one uses the other.
const SCRIPTS: [&str; 17] = [
    include_str!("page/statistics.js"),
    include_str!("page/figures.js"),
    include_str!("page/text.js"),
    include_str!("page/audit.js"),
    include_str!("page/charts.js"),
    include_str!("page/shared.js"),
    include_str!("page/verdict.js"),
    include_str!("page/sections/apart.js"),
    include_str!("page/sections/cost.js"),
    include_str!("page/sections/scaling.js"),
    include_str!("page/sections/latency.js"),
    include_str!("page/sections/idle.js"),
    include_str!("page/sections/wins.js"),
    include_str!("page/sections/causes.js"),
    include_str!("page/sections/voids.js"),
    include_str!("page/sections/gate.js"),
    include_str!("page/page.js"),
];

/// The page of these results, in HTML.
///
/// # Errors
/// If the results cannot be written as JSON.
pub fn page(results: &Results) -> io::Result<String> {
    let Embedded { precision, text, .. } = embedded(results)?;
    let script: String = SCRIPTS.into_iter().map(without_modules).collect();
    let precision = precision.to_string();
    let parts = [
        ("{{policy}}", policy(&script)),
        ("{{style}}", within("style", STYLE)?.to_owned()),
        ("{{precision}}", precision),
        ("{{data}}", within("script", &text)?.to_owned()),
        ("{{script}}", within("script", &script)?.to_owned()),
    ];
    let mut page = String::with_capacity(LIMIT);
    let mut rest = HTML;
    for (name, part) in parts {
        let (before, after) = rest.split_once(name).ok_or_else(|| io::Error::other(name))?;
        page.extend([before, &part]);
        rest = after;
    }
    Ok(page + rest)
}

/// Nothing but this very style and script: no network, and nothing that a name has smuggled in.
fn policy(script: &str) -> String {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    let (script, style) = (hash(script), hash(STYLE));
    format!(
        "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; \
         img-src data:; base-uri 'none'; form-action 'none'"
    )
}

/// What is to stand within an element, unless it would end it.
fn within<'a>(element: &str, text: &'a str) -> io::Result<&'a str> {
    if text.to_ascii_lowercase().contains(&format!("</{element}")) {
        return Err(io::Error::other(format!("the page's {element} contains its own end")));
    }
    Ok(text)
}

/// The files are modules for their tests; in the page they are one. An import has one line.
fn without_modules(script: &str) -> String {
    let kept = script.lines().filter(|line| !line.starts_with("import "));
    kept.flat_map(|line| [line.strip_prefix("export ").unwrap_or(line), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_its_element_is_refused() {
        assert!(within("script", "a < b").is_ok());
        assert!(within("script", "'</SCRIPT >'").is_err());
        assert!(within("style", "'</script>'").is_ok());
    }

    #[test]
    fn modules_become_one_script() {
        let module = "import { a } from './a.js'\n\nexport const b = a\n  export const c = b\n";
        assert_eq!(without_modules(module), "\nconst b = a\n  export const c = b\n");
    }

    #[test]
    fn each_import_has_one_line() {
        for line in SCRIPTS.iter().flat_map(|script| script.lines()) {
            let whole = line.contains(" from './") || line.contains(" from '../");
            assert!(whole || !line.starts_with("import "), "{line}");
        }
    }

    #[test]
    fn no_name_is_taken_twice_in_the_one_script() {
        let names = SCRIPTS.iter().flat_map(|script| script.lines()).filter_map(|line| {
            let line = line.strip_prefix("export ").unwrap_or(line);
            let line = line.strip_prefix("async ").unwrap_or(line);
            let keywords = ["function ", "const ", "let ", "class "];
            let rest = keywords.iter().find_map(|keyword| line.strip_prefix(keyword))?;
            rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
        });
        let mut names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert!(all > 20 && names.len() == all, "{names:?}");
    }
}
