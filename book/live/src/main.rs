//! Reads scripts from standard input and prints what they come to: one line for each.
//!
//! It is the same program in a page of the course, where standard input and output are two arrays,
//! and in a terminal: `printf 'receive GET / HTTP/1.1\\r\\n' | cargo run -p live`.

#![forbid(unsafe_code)]

use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    let mut scripts = Vec::new();
    io::stdin().read_to_end(&mut scripts)?;
    let mut answers = live::run(&String::from_utf8_lossy(&scripts));
    // A terminal wants its last line ended, a page does not.
    if cfg!(not(target_family = "wasm")) {
        answers.push('\n');
    }
    io::stdout().write_all(answers.as_bytes())
}
