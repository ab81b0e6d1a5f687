//! Holds the sentences about traces against the traces.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use book::links::Disk;
use book::predicates::{Predicate, all, misstated};

#[test]
fn every_sentence_about_a_trace_is_true_of_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let names = fs::read_dir(root.join("book/src")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let chapters: Vec<String> =
        names.filter(|it| it.ends_with(".md")).map(|it| format!("book/src/{it}")).collect();
    let problems = misstated(&Disk(root), &chapters, &all());
    let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "\n{}", list.join("\n"));
}

/// The checker is known to fail.
mod on_bad_input {
    use super::*;

    const PREDICATES: &[(&str, Predicate)] = &[
        ("it_reads", |trace| trace.contains("read")),
        ("it_sleeps", |trace| trace.contains("poll")),
    ];

    fn problems(chapter: &str) -> Vec<String> {
        let files = BTreeMap::from([
            ("book/traces/one.txt", "read(3) = 0\nclose(3) = 0\n"),
            ("book/traces/two.txt", "read(3) = 0\nread(4) = 0\npoll(3) = 0\n"),
            ("book/src/chapter.md", chapter),
        ]);
        let chapters = ["book/src/chapter.md".to_owned()];
        misstated(&files, &chapters, PREDICATES).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_claim_that_is_true_passes() {
        let chapter = "{{#include ../traces/one.txt}}\n\n\
                       It reads. <!-- trace one.txt: it_reads -->\n\
                       It sleeps. <!-- trace two.txt: it_sleeps -->\n";
        assert_eq!(problems(chapter), Vec::<String>::new());
    }

    #[test]
    fn each_way_to_be_wrong_is_found() {
        let both = "<!-- trace one.txt: it_reads --><!-- trace two.txt: it_sleeps -->";
        for (text, problem) in [
            ("<!-- trace one.txt: it_sleeps -->", "`it_sleeps` is not true of one.txt"),
            ("<!-- trace two.txt: it_reads -->", "whichever line is missing"),
            ("<!-- trace one.txt: it_writes -->", "there is no predicate `it_writes`"),
            ("<!-- trace six.txt: it_reads -->", "there is no six.txt"),
            ("<!-- trace it_reads -->", "the form is"),
            ("{{#include ../traces/two.txt}}\n", ""),
            ("{{#include ../traces/six.txt}}\n", "nothing that is said of six.txt"),
        ] {
            let found = problems(&format!("{both}\n{text}\n"));
            match problem {
                "" => assert_eq!(found, Vec::<String>::new(), "{text}"),
                _ => assert!(found.len() == 1 && found[0].contains(problem), "{text}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_predicate_that_no_sentence_uses_is_found() {
        let found = problems("<!-- trace one.txt: it_reads -->");
        assert!(found.len() == 1 && found[0].contains("`it_sleeps`"), "{found:?}");
    }
}
