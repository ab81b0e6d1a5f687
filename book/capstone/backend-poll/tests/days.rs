//! The tests of the four days, on the last evening.

#![cfg(unix)]

use backend_poll::Model;

capstone_days::day1!(Model::Loop);
capstone_days::day2!(Model::Loop);
capstone_days::day3!(Model::Loop);
capstone_days::day4!(Model::Loop);

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn the_reference_answers_clients_from_a_hundred_seeds() {
    capstone_days::seeds::clients_from_a_hundred_seeds_get_their_answers(Model::Loop);
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn the_reference_keeps_within_the_budget_of_system_calls() {
    capstone_days::budget::a_request_takes_three_system_calls(Model::Loop);
}

/// What the reader is asked to keep to.
#[test]
fn the_reference_has_at_most_350_lines() {
    let sources = [
        include_str!("../src/acceptor.rs"),
        include_str!("../src/event_loop.rs"),
        include_str!("../src/lib.rs"),
        include_str!("../src/main.rs"),
    ];
    assert_eq!(std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap().count(), 4);
    let lines = sources.iter().flat_map(|source| source.lines()).map(str::trim_start);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count();
    assert!(code <= 350, "{code} lines");
}
