//! The statuses of all levels beside each other.

use std::fmt::Write;
use std::panic::catch_unwind;

use crate::errors::{Answer, Pages, level1, level2, level3, level4, level5};

/// What is asked, of which pages, and the status that would be right.
const CASES: [(&str, Pages, &str, u16); 8] = [
    ("page 1", Pages::WHOLE, "/pages/1", 200),
    ("page 9, missing", Pages::WHOLE, "/pages/9", 404),
    ("page \"one\"", Pages::WHOLE, "/pages/one", 400),
    ("page \"os error 2\"", Pages::WHOLE, "/pages/os error 2", 400),
    ("another path", Pages::WHOLE, "/other", 404),
    ("page 2, not text", Pages::WHOLE, "/pages/2", 500),
    ("page 3, no descriptor", Pages::WHOLE, "/pages/3", 503),
    ("page 1, no footer", Pages::WITHOUT_FOOTER, "/pages/1", 500),
];

/// How a level answers.
type Level = fn(Pages, &str) -> Answer;

const LEVELS: [Level; 5] =
    [level1::answer, level2::answer, level3::answer, level4::answer, level5::answer];

/// A row for each request, a column for each level. What is wrong has a mark.
#[must_use]
pub fn table() -> String {
    let mut table = format!("{:22}    1     2     3     4     5\n", "level");
    for (what, pages, path, right) in CASES {
        let _ = write!(table, "{what:22}");
        for level in LEVELS {
            let status = catch_unwind(|| level(pages, path).status).ok();
            let mark = if status == Some(right) { ' ' } else { '!' };
            let status = status.map_or("-".to_owned(), |status| status.to_string());
            let _ = write!(table, "{status:>5}{mark}");
        }
        table.truncate(table.trim_end().len());
        table.push('\n');
    }
    table
}
