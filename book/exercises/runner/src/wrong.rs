//! Solutions that the tests must refuse: `wrong/NAME.txt`. Each is a small change of the solution.
//!
//! ```text
//! === takes nine digits
//! ---
//! text that occurs exactly once in solutions/NAME.rs
//! +++
//! text that takes its place
//! ```

/// A wrong solution.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong with it.
    pub title: String,
    /// What is taken out, and what takes its place.
    changes: Vec<(String, String)>,
}

/// Reads all wrong solutions of an exercise. What stands before the first `===` is a comment.
///
/// # Errors
/// If a change is not whole, or two have one title.
pub fn parse(text: &str) -> Result<Vec<Wrong>, String> {
    let mut wrong: Vec<Wrong> = Vec::new();
    for section in format!("\n{text}").split("\n=== ").skip(1) {
        let (title, body) = section.split_once('\n').unwrap_or((section, ""));
        let title = title.trim().to_owned();
        if wrong.iter().any(|known| known.title == title) {
            return Err(format!("`{title}` is there twice"));
        }
        let changes = changes(body).map_err(|what| format!("`{title}`: {what}"))?;
        wrong.push(Wrong { title, changes });
    }
    Ok(wrong)
}

fn changes(body: &str) -> Result<Vec<(String, String)>, String> {
    let mut changes: Vec<(String, Option<String>)> = Vec::new();
    for line in body.lines() {
        match (line.trim_end(), changes.last_mut()) {
            ("---", _) => changes.push((String::new(), None)),
            ("+++", Some((_, new @ None))) => *new = Some(String::new()),
            (_, Some((_, Some(new)))) => add(new, line),
            (_, Some((old, None))) => add(old, line),
            ("", None) => {}
            (_, None) => return Err(format!("`{line}` stands before the first ---")),
        }
    }
    let whole = changes.into_iter().map(|(old, new)| {
        let (old, new) = (old.trim_end_matches('\n'), new.ok_or("a --- without a +++")?);
        if old.trim().is_empty() {
            return Err("nothing stands between --- and +++");
        }
        Ok((old.to_owned(), new.trim_end_matches('\n').to_owned()))
    });
    let whole = whole.collect::<Result<Vec<_>, _>>()?;
    if whole.is_empty() { Err("it changes nothing".into()) } else { Ok(whole) }
}

fn add(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

impl Wrong {
    /// The solution, changed.
    ///
    /// # Errors
    /// If a text that is to be replaced is not there exactly once.
    pub fn apply(&self, solution: &str) -> Result<String, String> {
        let mut text = solution.to_owned();
        for (old, new) in &self.changes {
            match text.matches(old.as_str()).count() {
                1 => text = text.replacen(old.as_str(), new, 1),
                count => return Err(format!("this is there {count} times, not once:\n{old}")),
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_applied_together() {
        let wrong = parse(
            "A comment.\n\n=== first\n---\na\n+++\nb\n\n\
             === second\n--- \nx\ny\n+++\n---\na\n+++\nc\nd\n",
        )
        .unwrap();
        assert_eq!((wrong.len(), wrong[0].title.as_str()), (2, "first"));
        assert_eq!(wrong[0].apply("a\nx\ny\n").unwrap(), "b\nx\ny\n");
        assert_eq!(wrong[1].apply("a\nx\ny\nz").unwrap(), "c\nd\n\nz");
    }

    #[test]
    fn a_change_that_does_not_apply_exactly_once_is_refused() {
        let wrong = parse("=== first\n---\na\n+++\nb\n").unwrap();
        assert!(wrong[0].apply("x").unwrap_err().contains("0 times"));
        assert!(wrong[0].apply("a a").unwrap_err().contains("2 times"));
    }

    #[test]
    fn a_file_that_is_not_understood_is_refused() {
        for (text, what) in [
            ("=== a\n---\nx\n", "without a +++"),
            ("=== a\n", "changes nothing"),
            ("=== a\n---\n\n+++\ny\n", "nothing stands between"),
            ("=== a\nx\n---\ny\n+++\nz\n", "before the first"),
            ("=== a\n---\nx\n+++\ny\n=== a\n---\nx\n+++\nz\n", "twice"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
