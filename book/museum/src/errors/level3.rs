//! Level 3: an error is anything that is an error.

use std::error::Error;
use std::io;
use std::num::ParseIntError;

use crate::errors::{Answer, Pages};

// ANCHOR: page
/// The page.
///
/// # Errors
/// Any.
pub fn page(pages: Pages, path: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
    let number = path.strip_prefix("/pages/").ok_or("there is no such path")?;
    let number: u32 = number.parse()?;
    let text = (pages.read)(&format!("{number}.txt"))?;
    Ok(text + &(pages.read)("footer.txt")?)
}

/// The answer. What the error is has to be guessed, type by type.
#[must_use]
pub fn answer(pages: Pages, path: &str) -> Answer {
    let error = match page(pages, path) {
        Ok(page) => return Answer::new(200, page),
        Err(error) => error,
    };
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    let status = match kind {
        Some(io::ErrorKind::NotFound) => 404,
        _ if error.is::<ParseIntError>() => 400,
        _ => 500,
    };
    Answer::new(status, error.to_string())
}
// ANCHOR_END: page
