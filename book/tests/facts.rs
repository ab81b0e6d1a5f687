//! Holds those numbers of `book/facts.txt` against the repository that stand nowhere in one piece.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn fact(name: &str) -> String {
    let facts = read("book/facts.txt");
    let (_, rest) = facts.split_once(&format!("# ANCHOR: {name}\n")).unwrap();
    rest.lines().next().unwrap().to_owned()
}

/// The value of a constant, as it is written.
fn constant(code: &str, name: &str) -> String {
    let (_, rest) = code.split_once(&format!("const {name}: usize = ")).unwrap();
    rest.split_once(';').unwrap().0.to_owned()
}

#[test]
fn a_piece_of_a_file_under_tls_is_some_records() {
    let code = read("layer-tls/src/tls.rs");
    let (record, piece) = (constant(&code, "RECORD"), constant(&code, "FILE_PIECE"));
    let kib: usize = record.strip_suffix(" << 10").unwrap().parse().unwrap();
    let records: usize = piece.strip_suffix(" * RECORD").unwrap().parse().unwrap();
    assert_eq!(fact("file-piece-tls"), format!("{} KiB", kib * records));
}

#[test]
fn the_crates_of_a_first_build_are_those_that_cargo_lists() {
    let words = "tree --locked -p backend-sync --target x86_64-unknown-linux-gnu --prefix none \
                 -e normal,build";
    let cargo = Command::new(env!("CARGO")).args(words.split(' ')).current_dir(root()).output();
    let output = cargo.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let list = String::from_utf8(output.stdout).unwrap();
    let crates: BTreeSet<&str> = list.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    assert_eq!(fact("build-crates"), crates.len().to_string());
}
