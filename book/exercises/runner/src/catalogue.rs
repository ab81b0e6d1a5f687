//! Which exercises there are: `catalogue.txt` as data.

use std::fmt;

/// A chapter of the book.
#[derive(Debug, PartialEq, Eq)]
pub struct Chapter {
    pub number: u32,
    /// The name of its file in `book/src`, without `.md`.
    pub file: String,
    pub title: String,
}

/// One line of the catalogue.
#[derive(Debug, PartialEq, Eq)]
pub struct Exercise {
    pub name: String,
    /// The number of its chapter.
    pub chapter: u32,
    pub kind: Kind,
    /// What there is to do, in one sentence.
    pub what: String,
}

/// What the reader does in an exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Write,
    Mend,
    Predict,
    Measure,
    Attack,
    Defend,
}

impl Kind {
    pub const ALL: [Kind; 6] =
        [Kind::Write, Kind::Mend, Kind::Predict, Kind::Measure, Kind::Attack, Kind::Defend];

    fn word(self) -> &'static str {
        match self {
            Kind::Write => "write",
            Kind::Mend => "mend",
            Kind::Predict => "predict",
            Kind::Measure => "measure",
            Kind::Attack => "attack",
            Kind::Defend => "defend",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} it", self.word())
    }
}

/// All chapters and exercises, in the order of the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    pub chapters: Vec<Chapter>,
    pub exercises: Vec<Exercise>,
}

impl Catalogue {
    /// Reads `catalogue.txt`.
    ///
    /// # Errors
    /// If a line is not as the top of that file says, or a name is there twice.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut catalogue = Catalogue::default();
        for (index, line) in text.lines().enumerate() {
            let wrong = |what: &str| format!("catalogue.txt:{}: {what}", index + 1);
            if let Some(line) = line.strip_prefix("## ") {
                catalogue.chapters.push(
                    chapter(line).ok_or_else(|| wrong("a chapter is `## NUMBER FILE TITLE`"))?,
                );
            } else if !line.trim().is_empty() && !line.starts_with('#') {
                let chapter = catalogue.chapters.last().ok_or_else(|| wrong("of no chapter"))?;
                let exercise = exercise(line, chapter.number)
                    .ok_or_else(|| wrong("an exercise is `NAME KIND WHAT`"))?;
                if catalogue.get(&exercise.name).is_some() {
                    return Err(wrong("this exercise is there already"));
                }
                catalogue.exercises.push(exercise);
            }
        }
        Ok(catalogue)
    }

    /// The exercise of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Exercise> {
        self.exercises.iter().find(|exercise| exercise.name == name)
    }

    /// The exercise of this name.
    ///
    /// # Errors
    /// If there is none; the sentence names those whose names are like it.
    pub fn find(&self, name: &str) -> Result<&Exercise, String> {
        self.get(name).ok_or_else(|| {
            let names = self.exercises.iter().map(|exercise| exercise.name.as_str());
            let like: Vec<&str> = names.filter(|known| are_alike(known, name)).collect();
            match like[..] {
                [] => format!("There is no exercise `{name}`: `cargo run -- list` names them."),
                _ => format!("There is no exercise `{name}`. Is it {}?", like.join(" or ")),
            }
        })
    }

    /// The exercises of a chapter.
    pub fn of(&self, chapter: &Chapter) -> impl Iterator<Item = &Exercise> {
        self.exercises.iter().filter(|exercise| exercise.chapter == chapter.number)
    }

    /// The chapter of an exercise.
    #[must_use]
    pub fn chapter(&self, exercise: &Exercise) -> Option<&Chapter> {
        self.chapters.iter().find(|chapter| chapter.number == exercise.chapter)
    }
}

fn chapter(line: &str) -> Option<Chapter> {
    let (number, rest) = line.split_once(' ')?;
    let (file, title) = rest.split_once(' ')?;
    let number = number.parse().ok()?;
    Some(Chapter { number, file: file.into(), title: title.trim().into() })
}

fn exercise(line: &str, chapter: u32) -> Option<Exercise> {
    let (name, rest) = line.split_once(' ')?;
    let (kind, what) = rest.trim_start().split_once(' ')?;
    let kind = Kind::ALL.into_iter().find(|known| known.word() == kind)?;
    let what = what.trim();
    let is_name =
        |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
    (is_name(name) && !what.is_empty()).then(|| Exercise {
        name: name.into(),
        chapter,
        kind,
        what: what.into(),
    })
}

/// Whether one name begins like the other or is part of it.
fn are_alike(known: &str, asked: &str) -> bool {
    let beginning = |name: &str| name.get(..3).map(str::to_owned);
    known.contains(asked) || asked.contains(known) || beginning(known) == beginning(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# A comment.\n\n## 3 bytes Bytes, not messages\n\n\
        head_end  write   Find the end.\nchunked   mend    Decode it.\n## 4 answering Answering\n";

    #[test]
    fn chapters_and_exercises_are_read_in_their_order() {
        let catalogue = Catalogue::parse(TEXT).unwrap();
        assert_eq!(catalogue.chapters.len(), 2);
        let [head_end, chunked] = &catalogue.exercises[..] else { panic!("{catalogue:?}") };
        assert_eq!((head_end.name.as_str(), head_end.chapter), ("head_end", 3));
        assert_eq!((chunked.kind, chunked.what.as_str()), (Kind::Mend, "Decode it."));
        assert_eq!(catalogue.chapter(chunked).unwrap().title, "Bytes, not messages");
        assert_eq!(catalogue.of(&catalogue.chapters[1]).count(), 0);
    }

    #[test]
    fn a_line_that_is_not_understood_is_named() {
        for (text, what) in [
            ("head_end write Find.", "of no chapter"),
            ("## 3 bytes", "a chapter is"),
            ("## three bytes Bytes", "a chapter is"),
            ("## 3 bytes Bytes\nhead_end", "an exercise is"),
            ("## 3 bytes Bytes\nhead_end solve It.", "an exercise is"),
            ("## 3 bytes Bytes\nHeadEnd write It.", "an exercise is"),
            ("## 3 bytes Bytes\na write It.\na mend It.", "there already"),
        ] {
            let error = Catalogue::parse(text).unwrap_err();
            assert!(error.contains(what), "{text}: {error}");
        }
    }

    #[test]
    fn a_name_that_is_mistyped_leads_to_the_right_one() {
        let catalogue = Catalogue::parse(TEXT).unwrap();
        assert_eq!(catalogue.find("head_end").unwrap().name, "head_end");
        assert!(catalogue.find("headend").unwrap_err().contains("Is it head_end?"));
        assert!(catalogue.find("zzz").unwrap_err().contains("list"));
    }
}
