//! The counts as tables, in the README.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::counts::committed::{Count, Counts};

const BEGIN: &str = "<!-- counts: `cargo xtask counts` writes what follows -->\n";
const END: &str = "<!-- counts end -->\n";

/// The file with the tables.
#[must_use]
pub fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

/// The text with these counts between its marks; `None` if it has no marks.
#[must_use]
pub fn with_table(text: &str, counts: &Counts) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", tables(counts)))
}

fn tables(counts: &Counts) -> String {
    let setting = &counts.setting;
    format!(
        "One request, on each model:\n\n{}\nWithout a socket, beside the library below:\n\n{}\n\
         Counted with {}, on {}, over {}.\n",
        requests(&counts.requests),
        functions(&counts.functions),
        setting.toolchain,
        setting.processor,
        setting.libc
    )
}

/// A row for each model, a column for each scenario.
fn requests(counts: &[Count]) -> String {
    let scenarios = distinct(counts.iter().map(|count| &*count.of));
    let mut table = head(&scenarios);
    for model in distinct(counts.iter().map(|count| &*count.by)) {
        let cell = |of: &&str| {
            let count = counts.iter().find(|it| it.by == model && it.of == *of);
            count.map_or("–".to_owned(), both)
        };
        let cells: Vec<_> = scenarios.iter().map(cell).collect();
        let _ = writeln!(table, "| {model} | {} |", cells.join(" | "));
    }
    table
}

/// A row for each function: the library's, and ours.
fn functions(counts: &[Count]) -> String {
    let mut table = head(&["library below", "ours", "ours to it"]);
    for of in distinct(counts.iter().map(|count| &*count.of)) {
        let mut pair = counts.iter().filter(|count| count.of == of);
        let (Some(library), Some(ours)) = (pair.next(), pair.next()) else { continue };
        let cell = |count: &Count| format!("{} ({})", both(count), count.by);
        let ratio = ours.total() as f64 / library.total().max(1) as f64;
        let _ = writeln!(table, "| {of} | {} | {} | {ratio:.1} |", cell(library), cell(ours));
    }
    table
}

fn head(columns: &[&str]) -> String {
    format!("| | {} |\n|---{}|\n", columns.join(" | "), "|--:".repeat(columns.len()))
}

/// What is in the program, and what is in the C library.
fn both(count: &Count) -> String {
    match count.libc {
        0 => number(count.program),
        libc => format!("{} + {}", number(count.program), number(libc)),
    }
}

/// In groups of three digits.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut places = BTreeMap::new();
    for (place, name) in names.enumerate() {
        places.entry(name).or_insert(place);
    }
    let mut names: Vec<_> = places.into_iter().collect();
    names.sort_by_key(|(_, place)| *place);
    names.into_iter().map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::callgrind::Instructions;
    use crate::counts::setting::Setting;

    fn count(of: &str, by: &str, program: u64) -> Count {
        Count::new(of, by, Instructions { program, libc: 1000 }, 2)
    }

    #[test]
    fn the_tables_stand_between_the_marks_and_nothing_else_changes() {
        let setting = Setting {
            toolchain: "rustc 1".into(),
            processor: "x86_64".into(),
            libc: "glibc 2".into(),
        };
        let functions = vec![count("head", "httparse", 0), count("head", "protocol", 1500)];
        let requests =
            vec![count("trip", "mio", 234_567), count("trip", "smol", 0), count("long", "mio", 1)];
        let counts = Counts { setting, functions, requests };
        let text = format!("# Title\n{BEGIN}old\n{END}# Other\n");
        let expected = format!(
            "# Title\n{BEGIN}\nOne request, on each model:\n\n\
             | | trip | long |\n|---|--:|--:|\n\
             | mio | 234,567 + 1,000 | 1 + 1,000 |\n| smol | 0 + 1,000 | – |\n\n\
             Without a socket, beside the library below:\n\n\
             | | library below | ours | ours to it |\n|---|--:|--:|--:|\n\
             | head | 0 + 1,000 (httparse) | 1,500 + 1,000 (protocol) | 2.5 |\n\n\
             Counted with rustc 1, on x86_64, over glibc 2.\n\n{END}# Other\n"
        );
        assert_eq!(with_table(&text, &counts).unwrap(), expected);
        assert_eq!(with_table(&expected, &counts).unwrap(), expected);
        assert_eq!(with_table("# Title\n", &counts), None);
    }

    #[test]
    fn the_readme_says_what_is_committed() {
        let text = std::fs::read_to_string(readme()).unwrap().replace("\r\n", "\n");
        let expected = with_table(&text, &Counts::committed().unwrap());
        assert!(expected.as_ref() == Some(&text), "`cargo xtask counts` writes bench/README.md");
    }
}
