//! Writes `COVERAGE.md`: what the RFCs demand of an origin server, the cases that show it, and
//! where in the sources it is implemented.
//!
//! `cargo run -p conformance --example requirements`

mod coverage;
mod sources;

use std::fs;

fn main() {
    let requirements = coverage::read();
    fs::write(coverage::document(), coverage::write(&requirements)).expect("it can be written");
    println!("{} requirements are in {}", requirements.len(), coverage::document().display());
}
