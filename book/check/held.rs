//! Finds what a table promises and no test holds: in SECURITY.md, the last cell of each row links
//! to files and names, behind each link, tests that are in that file.
//!
//! A test is a function, or a case of the conformance suite by its id. Where several functions of a
//! file have one name, the module stands before it: `heads::that_trickle`.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::links::{Files, Problem, line_of, options, resolve};

/// Every row of a Markdown file's tables whose last cell names no test, or one that is not there.
pub fn unheld(files: &impl Files, file: &str) -> Vec<Problem> {
    let Some(text) = files.text(file) else {
        return vec![Problem { file: file.into(), line: 1, what: "cannot be read".into() }];
    };
    let mut found = Vec::new();
    let mut cell = Cell::default();
    let mut in_link = false;
    for (event, at) in Parser::new_ext(&text, options()).into_offset_iter() {
        let mut wrong =
            |what| found.push(Problem { file: file.into(), line: line_of(&text, at.start), what });
        match event {
            Event::Start(Tag::TableCell) => cell = Cell::default(),
            Event::Start(Tag::Link { dest_url, .. }) => {
                in_link = true;
                cell.source = resolve(file, &dest_url).and_then(|path| files.text(&path));
            }
            Event::End(TagEnd::Link) => in_link = false,
            Event::Code(name) if !in_link => cell.names.push(match &cell.source {
                Some(source) if has(source, &name) => Ok(()),
                Some(_) => Err(format!("`{name}` is no test in the file before it")),
                None => Err(format!("`{name}` stands behind no link to a file")),
            }),
            // What is left is the last cell of the row.
            Event::End(TagEnd::TableRow) if cell.names.is_empty() => {
                wrong("this row names no test".to_owned());
            }
            Event::End(TagEnd::TableRow) => {
                std::mem::take(&mut cell.names).into_iter().filter_map(Result::err).for_each(wrong);
            }
            _ => {}
        }
    }
    found
}

/// What has been read of a cell.
#[derive(Default)]
struct Cell {
    /// The text of the file that was linked to last.
    source: Option<String>,
    /// What is wrong with each of the names.
    names: Vec<Result<(), String>>,
}

/// Whether a file has a test of this name.
fn has(source: &str, name: &str) -> bool {
    let (module, name) = name.rsplit_once("::").unwrap_or(("", name));
    let start = if module.is_empty() { Some(0) } else { source.find(&format!("mod {module} {{")) };
    let Some(source) = start.and_then(|start| source.get(start..)) else { return false };
    let forms = [format!("fn {name}("), format!("fn {name}<"), format!("\"{name}\"")];
    forms.iter().any(|form| source.contains(form))
}
