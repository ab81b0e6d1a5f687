//! Level 2: an error is a text.

use crate::errors::{Answer, Pages};

// ANCHOR: page
/// The page.
///
/// # Errors
/// A sentence.
pub fn page(pages: Pages, path: &str) -> Result<String, String> {
    let number = path.strip_prefix("/pages/").ok_or("there is no such path")?;
    let number: u32 = number.parse().map_err(|_| format!("{number:?} is no number"))?;
    let read = |name: &str| {
        (pages.read)(name).map_err(|error| format!("cannot read /srv/pages/{name}: {error}"))
    };
    Ok(read(&format!("{number}.txt"))? + &read("footer.txt")?)
}

/// The answer. What to do has to be read out of the text.
#[must_use]
pub fn answer(pages: Pages, path: &str) -> Answer {
    match page(pages, path) {
        Ok(page) => Answer::new(200, page),
        Err(text) if text.contains("os error 2") => Answer::new(404, text),
        Err(text) if text.contains("is no number") => Answer::new(400, text),
        Err(text) => Answer::new(500, text),
    }
}
// ANCHOR_END: page
