//! Holds the course and the documents at the root against the repository.
//!
//! `cargo xtask links` writes the right line numbers into links to lines of code, `cargo xtask
//! traces` the transcripts into `book/traces`. They set `UPDATE_LINKS` and `UPDATE_TRACES` here.

use std::fs;
use std::path::{Path, PathBuf};

use book::glossary::glossary;
use book::held::unheld;
use book::links::{Disk, check, check_text, unlisted, update};
use book::rust::{mentioned, required};
use book::transcript::{transcript, transcript_of_http2};

/// At the root; those that do not exist are passed over.
const DOCUMENTS: [&str; 5] =
    ["README.md", "CONCEPTS.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("book is in the root").to_owned()
}

/// The Markdown files of the book, by their names in `book/src`.
fn chapters() -> Vec<String> {
    let names = fs::read_dir(root().join("book/src")).expect("book/src").map(|entry| {
        entry.expect("an entry of book/src").file_name().into_string().expect("a name in UTF-8")
    });
    names.filter(|name| name.ends_with(".md")).collect()
}

#[test]
fn listings_links_and_quoted_lines_hold() {
    let root = root();
    let files = Disk(root.clone());
    let documents = DOCUMENTS.iter().map(ToString::to_string);
    let all = chapters().into_iter().map(|name| format!("book/src/{name}")).chain(documents);
    let mut problems = Vec::new();
    for file in all.filter(|file| root.join(file).exists()) {
        if std::env::var_os("UPDATE_LINKS").is_some_and(|it| it == "1") {
            let text = fs::read_to_string(root.join(&file)).unwrap();
            let updated = update(&files, &file, &text);
            if updated != text {
                fs::write(root.join(&file), updated).unwrap();
            }
        }
        problems.extend(check(&files, &file));
    }
    let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(
        list.is_empty(),
        "\n{}\n(`cargo xtask links` puts line numbers right)",
        list.join("\n")
    );
}

#[test]
fn links_in_quizzes_hold() {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join("book/quiz")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // A link leads from the chapter that includes the quiz.
        let problems = check_text(
            &Disk(root()),
            &format!("book/src/{name}"),
            &fs::read_to_string(&path).unwrap(),
        );
        found.extend(problems.iter().map(|problem| format!("quiz of {problem}")));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_snippets_of_every_page_are_tests() {
    let lib = fs::read_to_string(root().join("book/check/lib.rs")).unwrap();
    let untested: Vec<String> = chapters()
        .into_iter()
        // The glossary is CONCEPTS.md, whose snippets are tests.
        .filter(|name| !["SUMMARY.md", "glossary.md"].contains(&name.as_str()))
        .filter(|name| !lib.contains(&format!("\"../src/{name}\"")))
        .collect();
    assert_eq!(untested, Vec::<String>::new(), "book/check/lib.rs lacks `chapter!` for these");
}

/// A reader of the built book reaches the whole file: `book/src/files` has symbolic links, which
/// mdBook follows. That the files are there is tested with all other links.
#[test]
fn every_listing_names_its_file_by_a_link_to_it() {
    let is_linked = |line: &str| {
        let (path, target) = line.strip_prefix("File: [`")?.split_once("`](")?;
        (target.strip_prefix("files/")?.strip_suffix(')')? == path).then_some(())
    };
    let mut found = 0;
    for name in chapters() {
        let text = fs::read_to_string(root().join("book/src").join(&name)).unwrap();
        for line in text.lines().filter(|line| line.starts_with("File: ")) {
            assert!(
                is_linked(line).is_some(),
                "{name}: `{line}` is not File: [`PATH`](files/PATH)"
            );
            found += 1;
        }
    }
    assert!(found > 100, "only {found} listings name their file");
}

/// `edit-url-template` in book.toml and theme/source.js lead there. mdBook copies no Markdown, but
/// what a link is called does not end with `.md`.
#[test]
fn the_text_of_every_page_is_beside_it() {
    let text = |path: String| fs::read_to_string(root().join(path)).ok();
    for name in chapters().into_iter().filter(|name| name != "SUMMARY.md") {
        let link = text(format!("book/src/files/book/src/{name}.txt"));
        assert!(link.is_some(), "book/src/files/book/src lacks {name}.txt, a link to {name}");
        assert_eq!(link, text(format!("book/src/{name}")), "{name}.txt is a link to {name}");
    }
    let contributing = text("book/src/files/CONTRIBUTING.md.txt".to_owned()).unwrap();
    assert!(contributing.lines().any(|line| line == "### To correct a page"));
}

#[test]
fn every_promise_of_an_oldest_rust_is_that_of_cargo_toml() {
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap();
    let (workspace, exercises) = (read("Cargo.toml"), read("book/exercises/Cargo.toml"));
    let version = required(&workspace).expect("there is a `rust-version`");
    assert_eq!(required(&exercises), Some(version), "book/exercises/Cargo.toml");
    let mut count = 0;
    for file in ["README.md", "CHANGELOG.md", "book/src/introduction.md"] {
        let text = read(file);
        assert!(mentioned(&text).iter().all(|mention| *mention == version), "{file}");
        count += mentioned(&text).len();
    }
    assert!(count > 0, "nobody says how old Rust may be");
}

#[test]
fn every_attack_has_a_test_that_is_there() {
    let problems = unheld(&Disk(root()), "SECURITY.md");
    let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "\n{}", list.join("\n"));
}

#[test]
fn every_chapter_can_be_reached() {
    let summary = fs::read_to_string(root().join("book/src/SUMMARY.md")).unwrap();
    assert_eq!(unlisted(&summary, &chapters()), Vec::<String>::new());
}

#[test]
fn the_glossary_is_made_from_the_concepts() {
    let concepts = fs::read_to_string(root().join("CONCEPTS.md")).unwrap();
    let file = root().join("book/src/glossary.md");
    let made = glossary(&concepts);
    let committed = fs::read_to_string(&file).unwrap_or_default();
    // Another test reads it meanwhile: it is written only if it changes.
    if committed != made && std::env::var_os("UPDATE_LINKS").is_some_and(|it| it == "1") {
        fs::write(&file, &made).unwrap();
        return;
    }
    assert!(committed == made, "`cargo xtask links` makes it again");
}

#[test]
fn the_transcripts_are_what_the_code_does() {
    for (name, actual) in [("transcript", transcript()), ("http2", transcript_of_http2())] {
        let file = root().join(format!("book/traces/{name}.txt"));
        if std::env::var_os("UPDATE_TRACES").is_some_and(|it| it == "1") {
            fs::write(&file, &actual).unwrap();
        }
        let committed = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            committed, actual,
            "`cargo xtask traces` writes it again; then read the chapter again"
        );
    }
}

/// The checker is known to fail: each of these has one thing wrong.
mod on_bad_input {
    use std::collections::BTreeMap;

    use super::*;

    const CODE: &str = "// ANCHOR: good\nfn good() {}\n// ANCHOR_END: good\n\
                        // ANCHOR: hollow\n\n// ANCHOR_END: hollow\n\
                        // ANCHOR: open\nfn open() {}\n\
                        fn twice() {}\nfn twice() {}\n";

    fn tree(chapter: &str) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("src/code.rs", CODE.to_owned()),
            ("book/src/chapter.md", chapter.to_owned()),
            ("book/src/other.md", "# One `fn`, twice\n\n## Again\n\n## Again\n".to_owned()),
            ("NOTES.md", chapter.to_owned()),
        ])
    }

    fn problems(file: &str, text: &str) -> Vec<String> {
        let owned = tree(text);
        let files: BTreeMap<&str, &str> =
            owned.iter().map(|(path, text)| (*path, text.as_str())).collect();
        check(&files, file).iter().map(ToString::to_string).collect()
    }

    /// Exactly one problem, which says this.
    fn expect(file: &str, text: &str, problem: &str) {
        let found = problems(file, text);
        assert!(found.len() == 1 && found[0].contains(problem), "{text:?}: {found:?}");
    }

    fn chapter_with(listing: &str) -> String {
        format!("`src/code.rs`\n\n```rust,ignore\n{listing}\n```\n")
    }

    #[test]
    fn what_is_right_passes() {
        let good = chapter_with("{{#include ../../src/code.rs:good}}");
        assert_eq!(problems("book/src/chapter.md", &good), Vec::<String>::new());
        let links = "# Here\n[a](#here) [b](other.md) [c](other.md#one-fn-twice) \
                     [d](other.md#again-1) [e](https://example.org/#L7) `[f](nowhere.md)` \\{{#include nothing}}\n\
                     ```md\n[g](nowhere.md)\n```\n";
        assert_eq!(problems("book/src/chapter.md", links), Vec::<String>::new());
        let quoted = "[a](src/code.rs#L2 \"fn good() {}\") [b](src) [c](book/src/other.md#again)";
        assert_eq!(problems("NOTES.md", quoted), Vec::<String>::new());
    }

    #[test]
    fn listings_without_a_source_are_found() {
        for (listing, problem) in [
            ("{{#include ../../src/none.rs:good}}", "chapter.md:4: src/none.rs does not exist"),
            ("{{#include ../../src/none.rs}}", "src/none.rs does not exist"),
            ("{{#include ../../src/code.rs:goo}}", "no `ANCHOR: goo`"),
            ("{{#include ../../src/code.rs:hollow}}", "gives an empty listing"),
            ("{{#include ../../src/code.rs:open}}", "no `ANCHOR_END: open`"),
            ("{{#include ../../src/code.rs:1:2}}", "counts lines"),
            ("{{#include ../../../code.rs}}", "outside of the repository"),
            ("{{#rustdoc_include ../../src/code.rs}}", "not the one kind of directive"),
        ] {
            expect("book/src/chapter.md", &chapter_with(listing), problem);
        }
    }

    #[test]
    fn facts_and_quizzes_stand_in_prose() {
        let facts = "# ANCHOR: some\n17\n# ANCHOR_END: some\n";
        let chapter = "It takes {{#include ../facts.txt:some}} calls.\n\n\
                       {{#include ../quiz/chapter.md}}\n";
        let files = BTreeMap::from([
            ("book/facts.txt", facts),
            ("book/quiz/chapter.md", "### Why?\n"),
            ("book/src/chapter.md", chapter),
        ]);
        assert_eq!(check(&files, "book/src/chapter.md"), []);
        expect(
            "book/src/chapter.md",
            "It takes {{#include ../facts.txt:other}} calls.\n",
            "book/facts.txt does not exist",
        );
    }

    #[test]
    fn listings_that_are_not_set_as_such_are_found() {
        let include = "{{#include ../../src/code.rs:good}}";
        let chapter = |text: &str| text.replace("@", include);
        for (text, problem) in [
            ("`src/code.rs`\n\n```rust\n@\n```\n", "rustdoc would try"),
            ("See here:\n\n```rust,ignore\n@\n```\n", "does not name `src/code.rs`"),
            ("`src/code.rs`\n\n@\n", "not in a code block"),
        ] {
            expect("book/src/chapter.md", &chapter(text), problem);
        }
    }

    #[test]
    fn dead_links_are_found() {
        for (text, problem) in [
            ("[a](none.md)", "none.md does not exist"),
            ("\n\n[a](#none)", "chapter.md:3: #none: there is no such heading"),
            ("[a](other.md#none)", "no such heading"),
            ("![a](none.svg)", "none.svg does not exist"),
            ("[a]\n\n[a]: none.md", "none.md does not exist"),
            ("<a href=\"none.md\">a</a>", "none.md does not exist"),
            ("<img alt=\"\" src=\"none.svg\">", "none.svg does not exist"),
            ("[a](../../src/code.rs)", "leads out of the book"),
            ("[a](../../../x)", "leads out of the repository"),
        ] {
            expect("book/src/chapter.md", text, problem);
        }
    }

    #[test]
    fn lines_that_have_moved_or_gone_are_found() {
        for (text, problem) in [
            ("[a](src/code.rs#L7 \"fn good() {}\")", "`fn good() {}` is on line 2 now"),
            ("[a](src/code.rs#L2 \"fn bad() {}\")", "stands nowhere"),
            ("[a](src/code.rs#L9 \"fn twice() {}\")", "stands on lines [9, 10]"),
            ("[a](src/code.rs#L2)", "has to quote the line"),
            ("[a](src/code.rs#good \"fn good() {}\")", "has the form #L42"),
        ] {
            expect("NOTES.md", text, problem);
        }
    }

    #[test]
    fn lines_that_have_moved_are_put_right_and_nothing_else() {
        let text = "[a](src/code.rs#L7 \"fn good() {}\"), #L7,\n\
                    [b](src/code.rs#L1 \"fn open() {}\"), [c](src/code.rs#L1 \"fn twice\")\n";
        let files = BTreeMap::from([("src/code.rs", CODE)]);
        let right = "[a](src/code.rs#L2 \"fn good() {}\"), #L7,\n\
                     [b](src/code.rs#L8 \"fn open() {}\"), [c](src/code.rs#L1 \"fn twice\")\n";
        assert_eq!(update(&files, "NOTES.md", text), right);
    }

    #[test]
    fn attacks_without_a_test_are_found() {
        let row = |last: &str| format!("| attack | [what](x.md), `--flag` | {last} |");
        for (last, problem) in [
            ("[code](src/code.rs) `good`", None),
            (
                "[code], `good`, [other](NOTES.md): `fn twice() {}`",
                Some("`fn twice() {}` is no test"),
            ),
            ("[code] `case-id`, `inner::test`", None),
            ("[code] `inner::good`", Some("`inner::good` is no test")),
            ("[code] `case`", Some("`case` is no test")),
            ("[code] `goo`", Some("`goo` is no test")),
            ("[none](src/none.rs) `good`", Some("behind no link")),
            ("`good`", Some("NOTES.md:3: `good` stands behind no link")),
            ("nobody looks", Some("NOTES.md:3: this row names no test")),
            ("[`good`](src/code.rs)", Some("this row names no test")),
        ] {
            let text =
                format!("| a | b | c |\n|---|---|---|\n{}\n\n[code]: src/code.rs\n", row(last));
            let code = "fn good() {}\ncase(\"case-id\");\nmod inner {\n    fn test() {}\n}\n";
            let files = BTreeMap::from([("src/code.rs", code), ("NOTES.md", text.as_str())]);
            let found: Vec<String> =
                unheld(&files, "NOTES.md").iter().map(ToString::to_string).collect();
            match problem {
                None => assert_eq!(found, Vec::<String>::new(), "{last}"),
                Some(problem) => {
                    assert!(found.len() == 1 && found[0].contains(problem), "{last}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn a_chapter_that_nobody_can_reach_is_found() {
        let chapters = ["SUMMARY.md", "a.md", "b.md"].map(String::from);
        assert_eq!(unlisted("# Summary\n\n- [A](a.md)\n", &chapters), ["b.md"]);
    }
}
