//! Holds the text of the chapters to what the course promises: minutes, length, terms, numbers,
//! figures, confusions.
//!
//! `cargo xtask links` writes the table of minutes.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::{Path, PathBuf};

use book::confusions::unanswered;
use book::facts::{typed, unfounded};
use book::figures::outdated;
use book::links::{Disk, shown_lines};
use book::minutes::{MOST_WORDS, misstated, table, unlike_readers};
use book::plan::{days, plan};
use book::prose::{Page, count, pages, sections};
use book::terms::{terms, used_too_early};

/// Longest listing, in lines: what fits on a screen.
const MOST_LINES: usize = 40;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All pages in the order of SUMMARY.md.
fn book() -> Vec<Page> {
    pages(&read("book/src/SUMMARY.md"), |file| read(&format!("book/src/{file}")))
}

/// Behind each chapter its quiz, as a page of its own.
fn with_quizzes(pages: Vec<Page>) -> Vec<Page> {
    let quiz = |page: &Page| {
        let file = format!("../quiz/{}", page.file);
        let text = fs::read_to_string(root().join("book/src").join(&file)).ok()?;
        Some(Page { file, title: page.title.clone(), text })
    };
    let with_quizzes: Vec<Page> = pages
        .into_iter()
        .flat_map(|page| {
            let quiz = quiz(&page);
            [page].into_iter().chain(quiz)
        })
        .collect();
    let quizzes = with_quizzes.iter().filter(|page| page.file.starts_with("../quiz/")).count();
    assert_eq!(quizzes, fs::read_dir(root().join("book/quiz")).unwrap().count());
    with_quizzes
}

fn chapters() -> Vec<Page> {
    let chapters: Vec<Page> = book().into_iter().filter(|page| page.number().is_some()).collect();
    assert!(chapters.len() >= 6);
    chapters
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// The problems that a check finds in each chapter, with its name.
fn in_chapters(check: impl Fn(&Page) -> Vec<String>) -> Vec<String> {
    let named = |page: Page| {
        check(&page)
            .into_iter()
            .map(move |what| format!("{}: {what}", page.file))
            .collect::<Vec<_>>()
    };
    chapters().into_iter().flat_map(named).collect()
}

#[test]
fn every_section_has_its_minutes_and_every_chapter_their_sum() {
    assert_none(&in_chapters(misstated));
}

#[test]
fn minutes_are_about_those_that_readers_estimated() {
    assert_none(&unlike_readers(&read("book/data/readers.txt"), &book()).unwrap());
}

#[test]
fn what_is_made_of_the_minutes_is_that_of_the_chapters() {
    let pages = book();
    let plan = plan(&days(&read("book/days.txt")).unwrap(), &pages).unwrap();
    for (file, made) in [("book/minutes.md", table(&pages)), ("book/plan.md", plan)] {
        let path = root().join(file);
        if std::env::var_os("UPDATE_LINKS").is_some_and(|it| it == "1") {
            fs::write(&path, &made).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == made, "{file}: `cargo xtask links` writes it again");
    }
}

#[test]
fn every_chapter_has_what_each_chapter_has() {
    assert_none(&in_chapters(|page| {
        let headings: Vec<String> = sections(&page.text).into_iter().map(|it| it.heading).collect();
        let parts = ["Predict, then run", "Quiz", "Exercises", "Key points", "For teachers"];
        let lacks = parts.into_iter().filter(|part| !headings.iter().any(|it| it == part));
        let quiz = format!("<div class=\"quiz\">\n\n{{{{#include ../quiz/{}}}}}\n", page.file);
        let has_quiz = page.text.contains(&quiz);
        let has_figure = page.text.contains("<figure") || page.text.contains("data-figure");
        lacks
            .map(|part| format!("there is no `## {part}`"))
            .chain((!has_quiz).then(|| format!("{quiz:?} is missing")))
            .chain((!has_figure).then(|| "there is no figure".to_owned()))
            .collect()
    }));
}

/// What stands in backticks in the sections that name exercises.
fn named_exercises() -> Vec<String> {
    let of_page = |page: &Page| -> Vec<String> {
        let sections = sections(&page.text);
        let named = sections.iter().filter(|section| section.heading == "Exercises");
        let parts = named.flat_map(|section| section.body.split('`').skip(1).step_by(2));
        parts.map(str::to_owned).collect()
    };
    chapters().iter().flat_map(of_page).collect()
}

/// The exercises that there are.
fn exercises() -> Vec<String> {
    let files = fs::read_dir(root().join("book/exercises/src")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let exercises: Vec<String> = files
        .filter_map(|file| file.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| name != "lib")
        .collect();
    assert!(exercises.len() >= 30, "{}", exercises.len());
    exercises
}

#[test]
fn every_exercise_belongs_to_a_chapter() {
    let (named, exercises) = (named_exercises(), exercises());
    let lost = exercises.iter().filter(|name| !named.contains(name));
    assert_none(
        &lost.map(|name| format!("no chapter names the exercise `{name}`")).collect::<Vec<_>>(),
    );
}

#[test]
fn the_key_for_teachers_has_every_exercise_once() {
    let page = read("book/src/teaching.md");
    let (_, key) = page.split_once("| exercise |").unwrap();
    let rows = key.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let mut rows: Vec<String> = rows.map(|(name, _)| name.to_owned()).collect();
    let mut exercises = exercises();
    rows.sort_unstable();
    exercises.sort_unstable();
    assert_eq!(rows, exercises);
}

#[test]
fn no_chapter_is_longer_than_its_readers_can_take() {
    assert_none(&in_chapters(|page| {
        let words = count(&page.text);
        let is_long = words > MOST_WORDS;
        is_long.then(|| format!("{words} words, {MOST_WORDS} are the most")).into_iter().collect()
    }));
}

#[test]
fn every_listing_fits_on_a_screen() {
    assert_none(&in_chapters(|page| {
        let lines = shown_lines(&Disk(root()), &format!("book/src/{}", page.file), &page.text);
        let long = lines.into_iter().filter(|(_, lines)| *lines > MOST_LINES);
        long.map(|(line, lines)| format!("line {line}: {lines} lines of listing")).collect()
    }));
}

#[test]
fn no_term_is_used_before_it_is_defined() {
    let list = read("book/terms.txt");
    let terms = terms(&list).unwrap();
    assert!(terms.len() >= 20, "{}", terms.len());
    assert_none(&used_too_early(&terms, &with_quizzes(book())));
}

#[test]
fn every_fact_is_what_its_source_says() {
    assert_none(&unfounded(&Disk(root()), &read("book/facts.txt")));
}

#[test]
fn no_measured_number_is_typed() {
    let mut pages = with_quizzes(book());
    pages.retain(|page| page.file != "glossary.md"); // it measures nothing
    let found = pages.iter().flat_map(|page| typed(&page.file, &page.text));
    assert_none(&found.map(|problem| problem.to_string()).collect::<Vec<_>>());
}

#[test]
fn figures_of_states_are_those_of_the_code() {
    let found = |page: &Page| outdated(&Disk(root()), &page.file, &page.text);
    let found: Vec<String> = book().iter().flat_map(found).map(|it| it.to_string()).collect();
    assert_none(&found);
}

#[test]
fn every_confusion_is_in_the_index_and_answered() {
    assert_none(&unanswered(&read("book/src/confusions.md"), &chapters()));
}

/// The checks are known to fail.
mod on_bad_input {
    use std::collections::BTreeMap;

    use super::*;

    fn page(file: &str, title: &str, text: &str) -> Page {
        Page { file: file.into(), title: title.into(), text: text.into() }
    }

    /// Exactly one problem, which says this; or none.
    #[track_caller]
    fn expect(found: &[String], problem: &str) {
        match problem {
            "" => assert_none(found),
            _ => assert!(found.len() == 1 && found[0].contains(problem), "{problem}: {found:?}"),
        }
    }

    #[test]
    fn minutes_that_are_missing_or_do_not_add_up_are_found() {
        let good = "# 3. One\n\n*7 minutes to read and try, 9 for the exercises.*\n\n\
                    ## A\n\n*6 minutes.*\n\n## B\n\n*1 minute.*\n\n## Exercises\n\n*9 minutes.*\n\n\
                    ## For teachers\n\nNone.\n";
        for (old, new, problem) in [
            ("", "", ""),
            ("*6 minutes.*", "*7 minutes.*", "it has to begin with"),
            ("# 3. One", "# One", "it has to begin with"),
            ("*1 minute.*", "One minute.", "the first line under `B`"),
            ("*9 minutes.*", "", "the first line under `Exercises`"),
        ] {
            let text = good.replacen(old, new, usize::from(!old.is_empty()));
            let found = misstated(&page("a.md", "3. One", &text));
            // What is missing is missing in the sum as well.
            expect(&found[..found.len().min(1)], problem);
        }
        let unlike = |readers| unlike_readers(readers, &[page("a.md", "3. One", good)]);
        for (readers, problems) in [("# a.md 1\na.md 5 5", 0), ("a.md 4 5", 1), ("a.md 12", 1)] {
            assert_eq!(unlike(readers).unwrap().len(), problems, "{readers}");
        }
        assert!(["b.md 7", "a.md", "a.md x"].into_iter().all(|line| unlike(line).is_err()));
        let table = table(&[page("x.md", "Other", good), page("a.md", "3. One", good)]);
        assert!(table.ends_with("|---|---|---|\n| [3. One](a.md) | 7 min | 9 min |\n"), "{table}");
    }

    #[test]
    fn listings_are_counted_in_lines() {
        let files = BTreeMap::from([("src/code.rs", "// ANCHOR: a\n1\n2\n// ANCHOR_END: a\n3\n")]);
        let text = "```rust,ignore\n{{#include ../../src/code.rs:a}}\n```\n\n```\n1\n2\n3\n```\n\n\
                    ```\n{{#include ../../src/code.rs}}\n```\n";
        let lines: Vec<usize> =
            shown_lines(&files, "book/src/a.md", text).iter().map(|(_, lines)| *lines).collect();
        assert_eq!(lines, [2, 3, 5]);
    }

    #[test]
    fn a_term_before_its_definition_is_found() {
        let terms = terms("# Terms\nlost wake-up | b.md#messages\n").unwrap();
        let after = "# B\n\n## Messages\n\nA *lost wake-up*.\n";
        for (before, there, problem) in [
            ("Nothing.", after, ""),
            ("Lost\nwake-ups here.", after, "a.md:1: `lost wake-up` is defined in b.md#messages"),
            ("A [lost wake-up](b.md#messages). A lost wake-up.", after, ""),
            ("A [lost wake-up](glossary.md#x).", after, ""),
            ("A [lost wake-up](b.md).", after, "a.md:1"),
            ("`lost wake-up`", after, ""),
            ("", "# B\n\nA lost wake-up.\n\n## Messages\n", "b.md:3"),
            ("", "# B\n", "b.md#messages does not exist"),
        ] {
            let pages = [page("a.md", "1. A", before), page("b.md", "2. B", there)];
            expect(&used_too_early(&terms, &pages), problem);
        }
        assert!(super::terms("lost wake-up b.md\n").is_err());
    }

    #[test]
    fn a_fact_without_its_source_is_found() {
        let files = BTreeMap::from([(
            "a.rs",
            "const MOST: usize = 16_384;\nSIZE: u32 = 8 << 10; from_secs(30) 3059 KiB\n",
        )]);
        for (source, value, problem) in [
            ("# from a.rs: MOST: usize = 16_384;", "16,384", ""),
            ("# measured once, by hand", "7", ""),
            ("# a test compares", "7", ""),
            ("# counted by hand", "7", "who compares it"),
            ("# from a.rs: SIZE: u32 = 8 << 10;", "8 KiB", ""),
            ("# from a.rs: SIZE: u32 = 8 << 10;", "8 MiB", "not 8 MiB"),
            ("# from a.rs: SIZE: u32 = 8 << 10;", "32", "not 32"),
            ("# from a.rs: from_secs(30)", "30 s", ""),
            ("# from a.rs: from_secs(30)", "30 ms", "not 30 ms"),
            ("# from a.rs: MOST: usize = 16_384;", "6", "not 6"),
            ("# from a.rs: 9 KiB", "9 KiB", "a.rs does not have"),
            ("# from a.rs: from_secs(30) 3", "3", "a.rs does not have"),
            ("", "7", "`x` has no source"),
            ("# from a.rs: MOST: usize = 16_384;", "16,385 bytes", "not 16,385"),
            ("# from a.rs: MOST: usize = 32_768;", "32,768", "a.rs does not have"),
            ("# from b.rs: MOST", "7", "b.rs does not exist"),
        ] {
            let facts = format!("# Facts.\n\n{source}\n# ANCHOR: x\n{value}\n# ANCHOR_END: x\n");
            expect(&unfounded(&files, &facts), problem);
        }
    }

    #[test]
    fn a_typed_number_with_a_unit_is_found() {
        for (text, problem) in [
            ("It takes {{#include ../facts.txt:x}} ms.", ""),
            ("It takes 3 ms.", "`3 ms` is typed"),
            ("It takes 3,5\nKiB.", "`3,5 KiB` is typed"),
            ("Of them (50%) are", "`50%` is typed"),
            ("`sleep 3 ms`, 3 requests, 60 seconds", ""),
            ("```\n3 ms\n```", ""),
            ("The timeout is 500 ms. <!-- trace a.txt: b -->", ""),
            ("It takes 3 ms. The timeout is 500 ms. <!-- trace a.txt: b -->", "`3 ms` is typed"),
            ("It waits. <!-- trace a.txt: b --> It takes 3 ms.", "`3 ms` is typed"),
            ("- [x] Yes.\n\n  It takes 3 ms.", "`3 ms` is typed"),
        ] {
            let found: Vec<String> = typed("a.md", text).iter().map(|it| it.what.clone()).collect();
            expect(&found, problem);
        }
    }

    #[test]
    fn a_figure_that_differs_from_the_enum_is_found() {
        let code = "pub enum State<S = ()> {\n    /// Yes.\n    Open(S),\n    Closed {\n        \
                    /// Not a variant.\n        How: u8,\n    },\n}\n";
        let group = |name: &str, labels: &str| {
            format!("<g class=\"mono states\" data-enum=\"{name}\">{labels}</g><text>X</text>")
        };
        let figure = |states: &str, labels: &str| {
            format!("<!-- states {states} -->\n{}</figure>", group("State", labels))
        };
        let both = "<text x=\"1\">Open, Closed</text>";
        let two = |phase: &str| {
            let groups = group("State", both) + &group("Phase", phase);
            format!("<!-- states a.rs: State; b.rs: Phase except Closed -->\n{groups}</figure>")
        };
        for (text, problem) in [
            (figure("a.rs: State", both), ""),
            (figure("a.rs: State", "<text>Open</text>"), "the figure lacks `State::Closed`"),
            (
                figure("a.rs: State", "<text>Open, Closed</text><text>Gone</text>"),
                "no `State::Gone`",
            ),
            (figure("a.rs: Stat", both), "a.rs has no enum `Stat`"),
            (figure("a.rs: State except Gone", both), "`State` has no `Gone`"),
            (figure("a.rs", both), "is not `FILE: Enum`"),
            (group("State", both), "each figure of states needs"),
            (two("<text>Open</text>"), ""),
            (two(""), "the figure lacks `Phase::Open`"),
            (two(both), "the code has no `Phase::Closed`"),
        ] {
            let phase = "enum Phase {\n    Open,\n    Closed,\n}\n";
            let files = BTreeMap::from([("a.rs", code), ("b.rs", phase)]);
            let found: Vec<String> =
                outdated(&files, "a.md", &text).iter().map(|it| it.what.clone()).collect();
            expect(&found, problem);
        }
    }

    #[test]
    fn a_confusion_without_an_entry_or_an_answer_is_found() {
        let chapter = "# A\n\n## One\n\n> [!IMPORTANT]\n> **“It\n> hangs.”** No.\n\n## Two\n";
        for (index, problem) in [
            ("# Ten\n\n- “It hangs.” [One](a.md#one)\n", ""),
            ("# Ten\n\n- “It hangs.” [One](a.md#two)\n", "is not answered in a.md#two"),
            ("# Ten\n", "lacks “It hangs.” of a.md"),
        ] {
            expect(&unanswered(index, &[page("a.md", "1. A", chapter)]), problem);
        }
    }

    #[test]
    fn words_of_listings_do_not_count() {
        assert_eq!(count("One two.\n\n```\nthree four\n```\n\n<figure>five</figure>\n"), 2);
        assert_eq!(count("One `two`.\n\n## For teachers\n\nThree.\n"), 2);
        let figure = "<div class=\"live\" data-figure=\"x\">\n\nThree four.\n\n</div>\n";
        assert_eq!(count(&format!("One.\n\n{figure}\nTwo.\n")), 2);
    }
}
