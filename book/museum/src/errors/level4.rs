//! Level 4: an error is one of those that this module can have.

use std::error::Error;
use std::num::ParseIntError;
use std::{fmt, io};

use crate::errors::{Answer, Pages};

// ANCHOR: error
/// Why there is no page, by where it went wrong.
#[derive(Debug)]
pub enum PageError {
    /// The path is not that of a page.
    Path,
    /// What should be a number is none.
    Number(ParseIntError),
    /// A file could not be read.
    Read(io::Error),
}

impl From<ParseIntError> for PageError {
    fn from(error: ParseIntError) -> Self {
        PageError::Number(error)
    }
}

impl From<io::Error> for PageError {
    fn from(error: io::Error) -> Self {
        PageError::Read(error)
    }
}
// ANCHOR_END: error

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PageError::Path => f.write_str("there is no such path"),
            PageError::Number(_) => f.write_str("the number of the page is none"),
            PageError::Read(_) => f.write_str("a file cannot be read"),
        }
    }
}

impl Error for PageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            PageError::Path => None,
            PageError::Number(error) => Some(error),
            PageError::Read(error) => Some(error),
        }
    }
}

// ANCHOR: page
/// The page.
///
/// # Errors
/// One of three.
pub fn page(pages: Pages, path: &str) -> Result<String, PageError> {
    let number = path.strip_prefix("/pages/").ok_or(PageError::Path)?;
    let number: u32 = number.parse()?;
    let text = (pages.read)(&format!("{number}.txt"))?;
    Ok(text + &(pages.read)("footer.txt")?)
}

/// The answer. The compiler asks for every variant.
#[must_use]
pub fn answer(pages: Pages, path: &str) -> Answer {
    match page(pages, path) {
        Ok(page) => Answer::new(200, page),
        Err(error @ PageError::Path) => Answer::new(404, error.to_string()),
        Err(error @ PageError::Number(_)) => Answer::new(400, error.to_string()),
        Err(PageError::Read(error)) if error.kind() == io::ErrorKind::NotFound => {
            Answer::new(404, error.to_string())
        }
        Err(error @ PageError::Read(_)) => Answer::new(500, error.to_string()),
    }
}
// ANCHOR_END: page
