//! `COVERAGE.md` says what is so, and the requirements hold together.

#[path = "../examples/requirements/coverage.rs"]
mod coverage;
#[path = "../examples/requirements/sources.rs"]
mod sources;

use std::collections::HashSet;
use std::fs;

use conformance::cases;

#[test]
fn every_requirement_is_shown_or_has_a_reason() {
    let known: HashSet<_> = cases().iter().map(|case| case.id).collect();
    let mut ids = HashSet::new();
    for it in coverage::read() {
        let id = it.id.as_str();
        assert!(ids.insert(it.id.clone()), "{id} is there twice");
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        assert!(it.sentence.ends_with('.'), "{id}: a sentence ends in a full stop");
        assert_ne!(it.is_covered(), it.reason.is_some(), "{id} has cases or a reason, not both");
        assert!(
            it.reason.is_none_or(|(_, why)| why.ends_with('.')),
            "{id}: a reason is a sentence"
        );
        let mut shown_by = HashSet::new();
        for case in &it.cases {
            assert!(known.contains(case.as_str()), "{id}: there is no case {case}");
            assert!(shown_by.insert(case), "{id} names {case} twice");
        }
        for name in &it.protocols {
            assert!(["HTTP/1.1", "HTTP/2", "WebSocket"].contains(&name.as_str()), "{id}: {name}");
        }
    }
}

#[test]
fn the_document_is_up_to_date() {
    let written = fs::read_to_string(coverage::document()).unwrap_or_default();
    assert!(
        written.replace("\r\n", "\n") == coverage::write(&coverage::read()),
        "COVERAGE.md is out of date: cargo run -p conformance --example requirements"
    );
}
