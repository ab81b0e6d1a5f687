//! What there is to do in this repository besides building and testing: `cargo xtask` lists it.
//!
//! `cargo xtask ci` runs the steps that decide whether a change lands, or those that are named.
//! Everything else writes something that is committed, or measures.
//!
//! # Map
//! * [`ci`]: runs steps; [`steps`]: what they are, as data; [`select`]: which ones were meant.
//! * [`verbs`]: everything else.
//! * [`run`]: a command; [`install`]: what a step needs beyond Rust.
//! * [`live`]: the module of the course; [`features`]: the table of features.
//! * What steps look at themselves: [`wasm`], [`width`], and [`circles`] of [`modules`], which are
//!   read from [`source`].

#![forbid(unsafe_code)]

mod ci;
mod circles;
mod features;
mod install;
mod live;
mod modules;
mod run;
mod select;
mod source;
mod steps;
mod verbs;
mod wasm;
mod width;

use std::process::ExitCode;

use select::UsageError;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = match words[..] {
        [] | ["help" | "--help" | "-h"] => {
            print!("{}", overview());
            return ExitCode::SUCCESS;
        }
        ["ci", ref rest @ ..] => ci::main(rest),
        [name, ref rest @ ..] => verbs::main(name, rest),
    };
    match ended {
        Ok(code) => code,
        Err(UsageError(what)) => {
            eprintln!("{what}\n`cargo xtask` lists what there is.");
            ExitCode::from(2)
        }
    }
}

/// All that can be said after `cargo xtask`.
fn overview() -> String {
    format!(
        "cargo xtask ci                     the steps of CI, in their order\n\
         cargo xtask ci STEP...             these alone\n\
         cargo xtask ci --without STEP...   all but these\n\
         cargo xtask ci --list              what there is, and what each needs\n\
         {}\n\
         The steps of CI:\n{}",
        verbs::list(),
        ci::list()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{read, tracked};

    #[test]
    fn what_the_documents_say_after_cargo_xtask_is_there() {
        let mut count = 0;
        for file in tracked("*.md *.rs *.yml .ci/*").unwrap() {
            // Not xtask itself, whose tests have names that are not there.
            let Ok(text) = read(&file) else { continue };
            for (at, _) in
                text.match_indices("cargo xtask ").filter(|_| !file.starts_with("xtask/"))
            {
                let call = text[at..].split(['`', '\'', '"']).next().unwrap_or_default();
                let line = call.lines().next().unwrap_or_default().split('#').next().unwrap();
                let words: Vec<&str> = line.split_whitespace().skip(2).collect();
                let is_there = match words[..] {
                    ["ci", ref rest @ ..] => rest == ["--list"] || select::select(rest).is_ok(),
                    [name, ..] => verbs::VERBS.iter().any(|verb| verb.name == name),
                    [] => true,
                };
                assert!(is_there, "{file}: `{line}`");
                count += 1;
            }
        }
        assert!(count > 5, "only {count} are named");
    }
}
