//! The plan of a course of some days, made from the minutes of the chapters: `book/days.txt` says
//! which chapters a day has, and how many minutes of their exercises are done in class.

use std::fmt::Write;

use crate::minutes::of_section;
use crate::prose::{Page, sections};

/// When a day begins, in minutes from midnight.
const BEGIN: u32 = 9 * 60;
/// The latest moment at which one may end.
const END: u32 = 17 * 60 + 30;
/// After so many minutes there is a break.
const BLOCK: u32 = 70;
const BREAK: u32 = 15;
/// The first break after this moment is for lunch.
const NOON: u32 = 12 * 60;
const LUNCH: u32 = 60;

/// A day that is planned: its chapters and the minutes of their exercises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day<'d> {
    chapters: Vec<(&'d str, u32)>,
}

/// The days of `book/days.txt`: a line `day` begins one, `file | minutes` is a chapter of it.
///
/// # Errors
///
/// Which line is neither.
pub fn days(list: &str) -> Result<Vec<Day<'_>>, String> {
    let mut days: Vec<Day<'_>> = Vec::new();
    for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line == "day" || line.starts_with("day ") {
            days.push(Day::default());
            continue;
        }
        let chapter = line.split_once(" | ");
        let chapter = chapter.and_then(|(file, minutes)| Some((file, minutes.parse().ok()?)));
        let (Some(chapter), Some(day)) = (chapter, days.last_mut()) else {
            return Err(format!("`{line}` is neither `day` nor `file | minutes` of one"));
        };
        day.chapters.push(chapter);
    }
    Ok(days)
}

/// The plan as tables.
///
/// # Errors
///
/// Which day is too long, or which chapter there is not.
pub fn plan(days: &[Day<'_>], pages: &[Page]) -> Result<String, String> {
    let mut plan = String::new();
    for (day, number) in days.iter().zip(1..) {
        let mut table = Table::default();
        for (file, in_class) in &day.chapters {
            let page = pages.iter().find(|page| page.file == *file);
            table.chapter(page.ok_or(format!("there is no chapter {file}"))?, *in_class);
        }
        let Table { rows, now, .. } = table;
        if now > END {
            return Err(format!("day {number} ends at {}", clock(now)));
        }
        // Writing to a string cannot fail.
        let _ = write!(plan, "### Day {number}, {} to {}\n\n", clock(BEGIN), clock(now));
        let _ = writeln!(plan, "| from | minutes | |\n|---|---|---|\n{rows}");
    }
    Ok(plan.trim_end().to_owned() + "\n")
}

/// A day as it grows.
struct Table {
    rows: String,
    now: u32,
    /// Since when there was no break.
    since: u32,
    had_lunch: bool,
}

impl Default for Table {
    fn default() -> Self {
        Table { rows: String::new(), now: BEGIN, since: BEGIN, had_lunch: false }
    }
}

impl Table {
    fn chapter(&mut self, page: &Page, in_class: u32) {
        let mut is_begun = false;
        for section in sections(&page.text) {
            let minutes = match section.heading.as_str() {
                "For teachers" => 0,
                "Exercises" => in_class,
                _ => of_section(&section).unwrap_or_default(),
            };
            if minutes == 0 {
                continue;
            }
            // The key points end a lesson, they do not begin one.
            if self.now - self.since >= BLOCK && section.heading != "Key points" {
                self.pause();
            }
            if !is_begun {
                // Writing to a string cannot fail.
                let _ = writeln!(self.rows, "| | | **{}** |", page.title);
                is_begun = true;
            }
            let what = format!("[{}]({}#{})", section.heading, page.file, section.id);
            self.row(minutes, &what);
        }
    }

    fn pause(&mut self) {
        if self.now >= NOON && !self.had_lunch {
            self.had_lunch = true;
            self.row(LUNCH, "*lunch*");
        } else {
            self.row(BREAK, "*break*");
        }
        self.since = self.now;
    }

    fn row(&mut self, minutes: u32, what: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.rows, "| {} | {minutes} | {what} |", clock(self.now));
        self.now += minutes;
    }
}

fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(file: &str, minutes: u32) -> Page {
        let text = format!(
            "# 1. A\n\n## One\n\n*{minutes} minutes.*\n\n## Exercises\n\n*90 minutes.*\n\n\
             ## For teachers\n"
        );
        Page { file: file.into(), title: "1. A".into(), text }
    }

    #[test]
    fn a_day_has_breaks_and_an_end() {
        let pages = [page("a.md", 80), page("b.md", 120)];
        let days = days("# Days\nday 1\na.md | 0\nb.md | 30\na.md | 5\n").unwrap();
        assert_eq!(
            plan(&days, &pages).unwrap(),
            "### Day 1, 09:00 to 15:45\n\n| from | minutes | |\n|---|---|---|\n\
             | | | **1. A** |\n| 09:00 | 80 | [One](a.md#one) |\n| 10:20 | 15 | *break* |\n\
             | | | **1. A** |\n| 10:35 | 120 | [One](b.md#one) |\n| 12:35 | 60 | *lunch* |\n\
             | 13:35 | 30 | [Exercises](b.md#exercises) |\n\
             | | | **1. A** |\n| 14:05 | 80 | [One](a.md#one) |\n| 15:25 | 15 | *break* |\n\
             | 15:40 | 5 | [Exercises](a.md#exercises) |\n"
        );
        let long = super::days("day\na.md | 420\n").unwrap();
        assert_eq!(plan(&long, &pages).unwrap_err(), "day 1 ends at 17:35");
    }

    #[test]
    fn a_line_that_says_nothing_is_an_error() {
        let missing = days("day\na.md | 0\nnone.md | 7\n").unwrap();
        assert_eq!(plan(&missing, &[page("a.md", 9)]).unwrap_err(), "there is no chapter none.md");
        for wrong in ["a.md | ten", "a.md 10", "a.md | 10m", "days"] {
            let error = days(&format!("day\n{wrong}\n")).unwrap_err();
            assert!(error.starts_with(&format!("`{wrong}` is neither")), "{error}");
        }
        assert!(days("a.md | 10\n").is_err()); // of no day
    }
}
