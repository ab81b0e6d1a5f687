//! The table of features: docs/features.txt as docs/FEATURES.md, in which each feature that is
//! there leads to the tests that show it.
//!
//! Text up to the first `== Section` is copied. A line that begins with a number is a row: number,
//! feature, ten other servers, ours, aim. Indented lines below it name its tests, by a file and a
//! function, or a name in quotes: a case of the conformance suite, an expectation of a script.

use std::fmt::Write as _;

use crate::run::{Failure, Result, read, write};

const DATA: &str = "docs/features.txt";
const TABLE: &str = "docs/FEATURES.md";

/// The list of the tests that run on every backend, which have no `#[test]` of their own.
const SUITE: &str = "testing/backend-suite/src/suite.rs";

/// Servers in the table besides ours.
const OTHERS: usize = 10;

/// Writes the table.
pub(crate) fn generate() -> Result {
    write(TABLE, &made()?)
}

/// Whether the table is what the data and the tests give.
pub(crate) fn check() -> Result {
    if made()? == read(TABLE)? {
        return Ok(());
    }
    Err(Failure::found(format!("{TABLE} is not what {DATA} gives: `cargo xtask features`")))
}

fn made() -> Result<String> {
    table(&read(DATA)?, &|file| read(file).ok())
        .map_err(|problems| Failure::found(format!("{DATA}:\n{}", problems.join("\n"))))
}

/// The table, or all that is wrong with the data. `files` gives the text of a file.
fn table(
    data: &str,
    files: &dyn Fn(&str) -> Option<String>,
) -> std::result::Result<String, Vec<String>> {
    let (head, rest) = data.split_once("\n== ").unwrap_or((data, ""));
    let (mut rows, mut shown, mut problems) = (String::new(), String::new(), Vec::new());
    for section in rest.split("\n== ") {
        let (title, body) = section.split_once('\n').unwrap_or((section, ""));
        let _ = writeln!(rows, "| | **{title}** {}", "| ".repeat(OTHERS + 2) + "|");
        let mut lines = body.lines().filter(|line| !line.trim().is_empty()).peekable();
        while let Some(line) = lines.next() {
            let mut tests = Vec::new();
            while let Some(test) = lines.next_if(|line| line.starts_with(' ')) {
                tests.push(test.trim());
            }
            match row(line, &tests, files) {
                Ok((row, list)) => {
                    rows += &row;
                    shown += &list;
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
    let text = format!("{}\n{rows}\n## The tests\n\n{shown}", head.trim_end());
    if problems.is_empty() { Ok(text) } else { Err(problems) }
}

/// A row of the table, and the list of its tests.
fn row(
    line: &str,
    tests: &[&str],
    files: &dyn Fn(&str) -> Option<String>,
) -> std::result::Result<(String, String), String> {
    let mut cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
    let [ref number, ref feature, .., ref ours, ref aim] = cells[..] else {
        return Err(format!("{line:?} is no row"));
    };
    let wrong = |what: &str| Err(format!("{number} {feature}: {what}"));
    if cells.len() != OTHERS + 4 {
        return wrong(&format!("{} cells, not {}", cells.len(), OTHERS + 4));
    }
    match ours.as_str() {
        "–" | "~" if aim.is_empty() => return wrong("not there, and no reason"),
        "–" if !tests.is_empty() => return wrong("not there, and has tests"),
        "–" | "~" => {}
        _ if tests.is_empty() => return wrong("there, and no test shows it"),
        _ => {}
    }
    let mut links = Vec::new();
    for test in tests {
        match link(test, files) {
            Some(link) => links.push(link),
            None => return wrong(&format!("`{test}` is no test")),
        }
    }
    let list = match links.first() {
        Some((_, target)) => {
            let links = links.iter().map(|(name, target)| format!("[`{name}`]({target})"));
            let list = format!("- {number} {feature}: {}\n", links.collect::<Vec<_>>().join(", "));
            cells[OTHERS + 2] = format!("[{}]({target})", cells[OTHERS + 2]);
            list
        }
        None => String::new(),
    };
    Ok((format!("| {} |\n", cells.join(" | ")), list))
}

/// The name of a test, and where it is, seen from the table.
fn link(test: &str, files: &dyn Fn(&str) -> Option<String>) -> Option<(String, String)> {
    let (file, name) = test.split_once(' ')?;
    let text = files(file)?;
    let index = if name.starts_with(['"', '\'']) {
        text.lines().position(|line| line.contains(name))?
    } else {
        let suite = files(SUITE).unwrap_or_default();
        let module = file.strip_prefix("testing/backend-suite/src/").unwrap_or_default();
        let listed = format!(" {}::{name},", module.trim_end_matches(".rs"));
        line_of_function(&text, name, suite.contains(&listed))?
    };
    Some((name.trim_matches(['"', '\'']).to_owned(), format!("../{file}#L{}", index + 1)))
}

/// The line in which a function begins that is a test, counted from zero.
fn line_of_function(text: &str, name: &str, is_listed: bool) -> Option<usize> {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let is_test = |line: &usize| {
        let above = lines[..*line].iter().rev();
        let mut above = above.take_while(|line| line.starts_with(['#', '/']));
        is_listed || above.any(|line| *line == "#[test]")
    };
    let begins = |line: &str| {
        let rest = line.strip_prefix("pub ").unwrap_or(line).strip_prefix("fn ");
        rest.and_then(|it| it.strip_prefix(name)).is_some_and(|it| it.starts_with(['(', '<']))
    };
    (0..lines.len()).filter(|line| begins(lines[*line])).find(is_test)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: &str = "? | ? | ? | ? | ? | ? | ? | ? | ? | ?";

    fn files(file: &str) -> Option<String> {
        let text = match file {
            SUITE => "    tls::listed,\n",
            "testing/backend-suite/src/tls.rs" => "pub fn listed<B>() {}\npub fn helper() {}\n",
            "app/a.rs" => "fn helper() {}\n\n#[test]\n/// Why.\nfn tested() {}\n",
            "run" => "set -e\nexpect \"HTTP/2 by ALPN\" 2\n",
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn of(row: &str) -> std::result::Result<String, Vec<String>> {
        table(&format!("# Head\n\n== Files\n\n{row}\n"), &files)
    }

    #[test]
    fn a_feature_that_is_there_leads_to_its_tests() {
        let tests = "  app/a.rs tested\n  testing/backend-suite/src/tls.rs listed\n  \
                     run \"HTTP/2 by ALPN\"";
        let made = of(&format!("1 | a | {OTHER} | gz | there\n{tests}")).unwrap();
        // Without an empty line, which would end the table.
        assert!(made.starts_with("# Head\n| | **Files** |"), "{made}");
        assert!(made.contains(&format!("| 1 | a | {OTHER} | [gz](../app/a.rs#L5) | there |\n")));
        let listed = "[`tested`](../app/a.rs#L5), \
            [`listed`](../testing/backend-suite/src/tls.rs#L1), [`HTTP/2 by ALPN`](../run#L2)\n";
        assert!(made.ends_with(&format!("## The tests\n\n- 1 a: {listed}")), "{made}");
    }

    #[test]
    fn what_no_test_shows_is_refused() {
        for (rest, expected) in [
            ("✓ | there", "1 a: there, and no test shows it"),
            ("– |", "1 a: not there, and no reason"),
            ("– | later\n  app/a.rs tested", "1 a: not there, and has tests"),
            ("✓ | there\n  app/a.rs helper", "1 a: `app/a.rs helper` is no test"),
            ("✓ | there\n  app/a.rs test", "1 a: `app/a.rs test` is no test"),
            ("✓ | there\n  app/b.rs tested", "1 a: `app/b.rs tested` is no test"),
            ("✓ | there\n  run \"HTTP/3\"", "1 a: `run \"HTTP/3\"` is no test"),
            (
                "✓ | there\n  testing/backend-suite/src/tls.rs helper",
                "1 a: `testing/backend-suite/src/tls.rs helper` is no test",
            ),
            ("✓ | there | more", "1 a: 15 cells, not 14"),
        ] {
            assert_eq!(of(&format!("1 | a | {OTHER} | {rest}")), Err(vec![expected.to_owned()]));
        }
    }

    #[test]
    fn the_table_is_what_the_data_give() {
        check().unwrap();
    }
}
