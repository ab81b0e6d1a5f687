//! Holds the numbers of *Static or dynamic* against what was counted.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The facts whose names begin like this, with their values.
fn facts<'f>(facts: &'f str, start: &str) -> Vec<(&'f str, &'f str)> {
    let anchors = facts.split("# ANCHOR: ").skip(1).filter_map(|part| {
        let (name, rest) = part.split_once('\n')?;
        Some((name.strip_prefix(start)?, rest.lines().next()?))
    });
    anchors.collect()
}

#[test]
fn the_numbers_of_the_chapter_are_those_that_were_counted() {
    let (all, data) = (read("book/facts.txt"), read("book/museum/dispatch.txt"));
    let facts = facts(&all, "dispatch-");
    let counted: Vec<_> = data.lines().filter_map(|line| line.split_once(' ')).collect();
    for (name, value) in &facts {
        let is_it =
            |(other, counted): &(&str, &str)| other == name && *counted == value.replace(',', "");
        assert!(counted.iter().any(is_it), "{name} is not {value}");
    }
    assert!(facts.len() >= 12, "{facts:?}");
}

#[test]
fn the_instructions_of_a_request_are_those_that_are_committed() {
    let all = read("book/facts.txt");
    let [(_, value)] = facts(&all, "sync-round-trip")[..] else { panic!("there is no such fact") };
    let counts = read("bench/counts/counts.json");
    let of = r#"{"of":"round trip","by":"sync, threads","#;
    let line = counts.lines().find(|line| line.trim().starts_with(of)).unwrap();
    let number = |name: &str| -> u64 {
        let (_, rest) = line.split_once(&format!("\"{name}\":")).unwrap();
        rest.split([',', '}']).next().unwrap().parse().unwrap()
    };
    let total = number("program") + number("libc");
    assert_eq!(value.replace(',', ""), total.to_string());
}

#[test]
fn what_the_chapter_says_of_the_numbers_is_so() {
    let data = read("book/museum/dispatch.txt");
    let counted = |name: &str| -> f64 {
        let line = data.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().parse().unwrap()
    };
    // In the loop each costs about twice what the one before it costs.
    let calls = ["call-type", "call-enum", "call-dyn"].map(counted);
    assert!(calls.windows(2).all(|two| (1.5..2.5).contains(&(two[1] / two[0]))), "{calls:?}");
    // In a request the difference is gone.
    let requests = ["request-type", "request-enum", "request-dyn"].map(counted);
    let (least, most) = (requests.map(|it| it as u64).into_iter().min(), requests[1]);
    assert!(least.is_some_and(|least| most / (least as f64) < 1.02), "{requests:?}");
    // As many copies as types, one, and one that is not compiled with the program.
    assert_eq!(["copies-type", "copies-enum", "copies-dyn"].map(counted), [3.0, 1.0, 1.0]);
    assert!(counted("lines-type") > counted("lines-enum") && counted("lines-dyn") == 0.0);
}
