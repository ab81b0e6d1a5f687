//! Level 1: what should not happen is not thought of.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "this is what the level is")]

use crate::errors::{Answer, Pages};

// ANCHOR: page
/// The page, or a panic.
#[must_use]
pub fn page(pages: Pages, path: &str) -> String {
    let number: u32 = path.strip_prefix("/pages/").unwrap().parse().unwrap();
    let text = (pages.read)(&format!("{number}.txt")).unwrap();
    text + &(pages.read)("footer.txt").unwrap()
}
// ANCHOR_END: page

/// The answer, if there is one.
#[must_use]
pub fn answer(pages: Pages, path: &str) -> Answer {
    Answer::new(200, page(pages, path))
}
