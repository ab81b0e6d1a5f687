//! How long a chapter takes: the first line under each heading says its minutes, the line under
//! the title their sum, and the introduction has a table of all.

use std::fmt::Write;

use crate::prose::{Page, Section, sections};

/// Longest chapter, in words.
pub const MOST_WORDS: usize = 2500;

/// The sections that are no time of a learner's.
const UNTIMED: &str = "For teachers";

/// The section whose minutes are counted apart.
const EXERCISES: &str = "Exercises";

/// The minutes of a chapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minutes {
    /// To read it and to try what it says.
    pub reading: u32,
    /// For its exercises.
    pub exercises: u32,
}

/// The minutes that a section says it takes: `*7 minutes.*`, on its first line.
#[must_use]
pub fn of_section(section: &Section<'_>) -> Option<u32> {
    let line = section.body.trim_start().lines().next()?;
    let number = line.strip_prefix('*')?.strip_suffix(".*")?;
    let number = number.strip_suffix(" minutes").or_else(|| number.strip_suffix(" minute"))?;
    number.parse().ok()
}

/// The minutes of a chapter, by its sections.
#[must_use]
pub fn of_chapter(text: &str) -> Minutes {
    let mut sum = Minutes::default();
    for section in sections(text).iter().filter(|section| section.heading != UNTIMED) {
        let minutes = of_section(section).unwrap_or_default();
        match section.heading.as_str() {
            EXERCISES => sum.exercises += minutes,
            _ => sum.reading += minutes,
        }
    }
    sum
}

/// What is wrong with the minutes of a chapter.
#[must_use]
pub fn misstated(chapter: &Page) -> Vec<String> {
    let timed = sections(&chapter.text);
    let timed = timed.iter().filter(|section| section.heading != UNTIMED);
    let mut found: Vec<String> = timed
        .filter(|section| of_section(section).is_none_or(|minutes| minutes == 0))
        .map(|section| format!("the first line under `{}` is not `*n minutes.*`", section.heading))
        .collect();
    let wanted = [format!("# {}", chapter.title), String::new(), total(&chapter.text)];
    let beginning: Vec<&str> = chapter.text.lines().take(3).collect();
    // A title may have code in it, which SUMMARY.md shows as well.
    let is_title = beginning.first().is_some_and(|it| it.replace('`', "") == wanted[0]);
    if !is_title || beginning.get(2) != Some(&wanted[2].as_str()) {
        found.push(format!("it has to begin with the lines {wanted:?}"));
    }
    found
}

/// The line under the title.
fn total(text: &str) -> String {
    let Minutes { reading, exercises } = of_chapter(text);
    format!("*{reading} minutes to read and try, {exercises} for the exercises.*")
}

/// The table in the introduction.
#[must_use]
pub fn table(pages: &[Page]) -> String {
    let mut table = "| chapter | read and try | exercises |\n|---|---|---|\n".to_owned();
    for page in pages.iter().filter(|page| page.number().is_some()) {
        let Minutes { reading, exercises } = of_chapter(&page.text);
        let Page { title, file, .. } = page;
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| [{title}]({file}) | {reading} min | {exercises} min |");
    }
    table
}

/// The chapters whose minutes are over 3/2 of those that readers estimated, or under 2/3.
/// `readers` has a file and the minutes of each reader on a line.
///
/// # Errors
/// If a line is none of these, or its chapter does not exist.
pub fn unlike_readers(readers: &str, pages: &[Page]) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for line in readers.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let page = words.next().and_then(|file| pages.iter().find(|page| page.file == file));
        let times: Result<Vec<u32>, _> = words.map(str::parse).collect();
        let (Some(page), Ok(times @ [_, ..])) = (page, times.as_deref()) else {
            return Err(format!("`{line}` is not a chapter and minutes"));
        };
        let Minutes { reading, .. } = of_chapter(&page.text);
        let (sum, count) = (times.iter().sum::<u32>(), u32::try_from(times.len()).unwrap_or(1));
        if 2 * reading * count > 3 * sum || 3 * reading * count < 2 * sum {
            found
                .push(format!("{}: {reading} minutes, and readers estimated {times:?}", page.file));
        }
    }
    Ok(found)
}
