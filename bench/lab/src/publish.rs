//! Tables in the documentation that come from results in the repository, and the check that they
//! still do.

mod tables;

use std::path::Path;
use std::{fs, io};

use crate::judge;
use crate::results::Results;

/// The results that are published: a full run.
pub const RESULTS: &str = "bench/results/default.json.gz";

/// A table, and where it stands: between two comments with its name.
struct Table {
    file: &'static str,
    name: &'static str,
    render: fn(&Results) -> String,
}

const TABLES: [Table; 2] = [
    Table { file: "README.md", name: "backends", render: tables::backends },
    Table { file: "bench/README.md", name: "results", render: tables::everything },
];

/// Writes all tables into a tree; returns the files that were not up to date.
///
/// # Errors
/// If a file cannot be read or written, or has no place for its table.
pub fn update(root: &Path, results: &Results) -> io::Result<Vec<&'static str>> {
    check(results)?;
    let mut changed = Vec::new();
    for table in &TABLES {
        let path = root.join(table.file);
        let before = fs::read_to_string(&path)?;
        let after = table.put_into(&before, results)?;
        if after != before {
            fs::write(&path, after)?;
            changed.push(table.file);
        }
    }
    Ok(changed)
}

/// The files whose tables are not those of the results.
///
/// # Errors
/// As for [`update`], which would have to change them.
pub fn stale(root: &Path, results: &Results) -> io::Result<Vec<&'static str>> {
    check(results)?;
    let mut stale = Vec::new();
    for table in &TABLES {
        let text = fs::read_to_string(root.join(table.file))?;
        if table.put_into(&text, results)? != text {
            stale.push(table.file);
        }
    }
    Ok(stale)
}

fn check(results: &Results) -> io::Result<()> {
    let Some(sentence) = judge::audit(results).into_iter().next() else { return Ok(()) };
    let refused = format!("these results are not to be published. {sentence}");
    Err(io::Error::new(io::ErrorKind::InvalidData, refused))
}

impl Table {
    fn put_into(&self, text: &str, results: &Results) -> io::Result<String> {
        let (begin, end) = (format!("<!-- lab: {} -->\n", self.name), "<!-- lab: end -->");
        let place = text.split_once(&begin).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(end)?;
            Some((before, after))
        });
        let Some((before, after)) = place else {
            let missing = format!("{} has no place for the table \"{}\"", self.file, self.name);
            return Err(io::Error::new(io::ErrorKind::InvalidData, missing));
        };
        Ok(format!("{before}{begin}{}{end}{after}", (self.render)(results)))
    }
}
