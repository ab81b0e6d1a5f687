//! All cases, one file per area.

mod app;
mod body;
mod chunked;
mod conditional;
mod connection;
mod content_length;
mod expect;
mod fields;
mod files;
mod host;
mod message;
mod methods;
mod pipelining;
mod range;
mod request_line;
mod semantics;
mod target;

use std::sync::LazyLock;

use crate::case::Case;

/// All cases, in the order of the areas.
#[must_use]
pub fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
        [
            message::cases(),
            request_line::cases(),
            target::cases(),
            host::cases(),
            fields::cases(),
            content_length::cases(),
            body::cases(),
            chunked::cases(),
            connection::cases(),
            pipelining::cases(),
            methods::cases(),
            semantics::cases(),
            expect::cases(),
            conditional::cases(),
            range::cases(),
            files::cases(),
            app::cases(),
        ]
        .concat()
    });
    &CASES
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::case::{Needs, Step};

    #[test]
    fn every_case_is_well_formed() {
        let mut ids = HashSet::new();
        for case in cases() {
            let id = case.id;
            assert!(ids.insert(id), "{id} is there twice");
            assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            assert!(case.requirement.ends_with('.'), "{id}: a sentence ends in a full stop");
            assert!(!case.section.order().1.contains(&0), "{id}: {}", case.section);
            let checks = |step: &Step| {
                matches!(step, Step::Expect(_) | Step::ExpectClosed | Step::ExpectOpen)
            };
            assert!(case.steps.last().is_some_and(checks), "{id} ends without looking");
        }
    }

    #[test]
    fn there_are_enough_of_both_kinds() {
        let any = cases().iter().filter(|case| case.needs == Needs::Any).count();
        assert!(cases().len() >= 130 && any >= 60, "{} cases, {any} for any", cases().len());
    }
}
