//! The three levels of hints to an exercise: from a question to nearly the answer.

/// How many there are for each exercise.
pub const LEVELS: usize = 3;

/// Reads `hints/NAME.md`: below `## 1`, `## 2` and `## 3` stands one hint each.
///
/// # Errors
/// If one is missing or empty.
pub fn parse(text: &str) -> Result<[String; LEVELS], String> {
    let mut hints = [const { String::new() }; LEVELS];
    let mut level = None;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let number: usize = heading.trim().parse().unwrap_or(0);
            let known = (1..=LEVELS).contains(&number);
            level = Some(known.then(|| number - 1).ok_or_else(|| {
                format!("`{line}` is no level: they are `## 1` to `## {LEVELS}`")
            })?);
        } else if let Some(level) = level {
            hints[level] += line;
            hints[level] += "\n";
        }
    }
    let missing = hints.iter().position(|hint| hint.trim().is_empty());
    match missing {
        Some(level) => Err(format!("there is no hint `## {}`", level + 1)),
        None => Ok(hints.map(|hint| hint.trim().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_levels_are_read_and_none_may_be_missing() {
        let hints =
            parse("# Title\n\n## 1\n\nLook.\n\n## 2\nLook there:\n\n    code\n## 3\nThis.\n");
        assert_eq!(hints.unwrap(), ["Look.", "Look there:\n\n    code", "This."]);
        assert!(parse("## 1\na\n## 3\nc").unwrap_err().contains("## 2"));
        assert!(parse("## 1\na\n## 2\n\n## 3\nc").unwrap_err().contains("## 2"));
        assert!(parse("## 1\na\n## 2\nb\n## 3\nc\n## 4\nd").unwrap_err().contains("no level"));
    }
}
