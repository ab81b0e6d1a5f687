//! Holds the six backends, and that of the capstone, to one order of the five waits.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::path::Path;

use book::waits::{misplaced_rows, misplaced_tags};

/// The backends, and the file of each that waits.
const BACKENDS: [(&str, &str); 7] = [
    ("backend-sync", "connection.rs"),
    ("backend-mio", "event_loop.rs"),
    ("backend-uring", "event_loop.rs"),
    ("backend-tokio", "connection.rs"),
    ("backend-async-std", "connection.rs"),
    ("backend-smol", "connection.rs"),
    ("book/capstone/backend-poll", "event_loop.rs"),
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

#[test]
fn the_waits_stand_in_one_order_in_the_code_of_all_backends() {
    for (backend, file) in BACKENDS {
        let path = format!("{backend}/src/{file}");
        assert_eq!(misplaced_tags(&read(&path)), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn the_waits_stand_in_one_order_in_the_documentation_of_all_backends() {
    for (backend, _) in BACKENDS {
        let path = format!("{backend}/src/lib.rs");
        assert_eq!(misplaced_rows(&read(&path)), Vec::<String>::new(), "{path}");
    }
}

/// The checker is known to fail: each of these has one thing wrong.
mod on_bad_input {
    use super::*;
    use book::waits::WAITS;

    fn tags(waits: &[&str]) -> String {
        waits
            .iter()
            .map(|wait| format!("fn f() {{\n    // {wait}\n    let it = 1;\n}}\n"))
            .collect()
    }

    #[test]
    fn waits_in_order_pass() {
        assert_eq!(misplaced_tags(&tags(&WAITS)), Vec::<String>::new());
        let rows: String = WAITS.iter().map(|wait| format!("//! | {wait} | somehow |\n")).collect();
        let table = format!("//! | wait for | here |\n//! |---|---|\n{rows}");
        assert_eq!(misplaced_rows(&table), Vec::<String>::new());
        let talk = "    // input, of which there is some\n    let shutdown = 1; // shutdown\n";
        assert_eq!(misplaced_tags(&format!("{talk}{}", tags(&WAITS))), Vec::<String>::new());
    }

    #[test]
    fn waits_in_another_order_are_found() {
        let mut waits = WAITS;
        waits.swap(0, 1);
        let found = misplaced_tags(&tags(&waits));
        assert!(found.len() == 1 && found[0].starts_with("the order is"), "{found:?}");
        let rows: String = waits.iter().map(|wait| format!("//! | {wait} | somehow |\n")).collect();
        assert_eq!(misplaced_rows(&rows), found);
    }

    #[test]
    fn waits_that_are_missing_or_there_twice_are_found() {
        assert_eq!(misplaced_tags(&tags(&WAITS[..4])), ["`shutdown` stands there 0 times"]);
        let twice = [&WAITS[..], &WAITS[..1]].concat();
        assert_eq!(misplaced_tags(&tags(&twice)), ["`input` stands there 2 times"]);
    }
}
