//! Level 5: an error says what can be done about it, and by whom.

use std::io;

use crate::errors::{Answer, EMFILE, Pages};

// ANCHOR: failure
/// Why there is no page, by who can do something about it.
#[derive(Debug)]
pub enum Failure {
    /// The client can: by asking for something else.
    Refused(Refusal),
    /// Time can: the same request may succeed later.
    Busy(Unread),
    /// The operator can, and nobody else.
    Broken(Unread),
}

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The path is not that of a page.
    Path,
    /// What should be a number is none.
    Number,
    /// There is no page with this number.
    Missing,
}

/// A file that should be there and could not be read.
#[derive(Debug)]
pub struct Unread {
    file: String,
    cause: io::Error,
}

impl Unread {
    fn failure(file: &str, cause: io::Error) -> Failure {
        let is_busy = cause.raw_os_error() == Some(EMFILE);
        let unread = Unread { file: file.to_owned(), cause };
        if is_busy { Failure::Busy(unread) } else { Failure::Broken(unread) }
    }
}
// ANCHOR_END: failure

// ANCHOR: page
/// The page.
///
/// # Errors
/// One that says who can do something about it.
pub fn page(pages: Pages, path: &str) -> Result<String, Failure> {
    let number = path.strip_prefix("/pages/").ok_or(Failure::Refused(Refusal::Path))?;
    let number: u32 = number.parse().map_err(|_| Failure::Refused(Refusal::Number))?;
    let file = format!("{number}.txt");
    let text = (pages.read)(&file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::Refused(Refusal::Missing),
        _ => Unread::failure(&file, error),
    })?;
    let footer = (pages.read)("footer.txt").map_err(|it| Unread::failure("footer.txt", it))?;
    Ok(text + &footer)
}
// ANCHOR_END: page

// ANCHOR: answer
impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(Refusal::Path) => Answer::new(404, "There is no such path.\n"),
            Failure::Refused(Refusal::Missing) => Answer::new(404, "There is no such page.\n"),
            Failure::Refused(Refusal::Number) => Answer::new(400, "A page has a number.\n"),
            Failure::Busy(Unread { file, cause }) => Answer {
                retry_after: Some(1),
                log: Some(format!("warning: cannot read {file} now: {cause}")),
                ..Answer::new(503, "Too much to do. Try again in a second.\n")
            },
            Failure::Broken(Unread { file, cause }) => Answer {
                log: Some(format!("error: cannot read {file}: {cause}")),
                ..Answer::new(500, "Something is wrong here. It is in the log.\n")
            },
        }
    }
}

/// The answer.
#[must_use]
pub fn answer(pages: Pages, path: &str) -> Answer {
    page(pages, path).map_or_else(Answer::from, |page| Answer::new(200, page))
}
// ANCHOR_END: answer
