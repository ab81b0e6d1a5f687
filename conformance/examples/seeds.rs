//! Writes what the cases of HTTP/1.1 send into a directory for each fuzz target: somewhere to
//! start.
//!
//! `cargo run -p conformance --example seeds -- testing/fuzz/corpus`

use std::io::Result;
use std::path::Path;
use std::{env, fs};

use conformance::http1::Step;
use conformance::{Exchange, cases};

/// Longer inputs only make fuzzing slow.
const LONGEST: usize = 4096;

fn main() -> Result<()> {
    let Some(directory) = env::args_os().nth(1) else {
        eprintln!("usage: seeds DIRECTORY");
        std::process::exit(2);
    };
    let directory = Path::new(&directory);
    let mut count = 0;
    for case in cases() {
        let Exchange::Http1(steps) = &case.exchange else { continue };
        for (number, sent) in steps.split(|step| matches!(step, Step::Reconnect)).enumerate() {
            let sent = filled_in(&sent_by(sent));
            if sent.is_empty() || sent.len() > LONGEST {
                continue;
            }
            let name = format!("{}-{number}", case.id);
            for target in ["head", "connection", "reference"] {
                write(directory, target, &name, &sent)?;
            }
            if let Some(body) = chunked_body(&sent) {
                // The target wants the length of its pieces first.
                write(directory, "chunked", &name, &[&[u8::MAX], body].concat())?;
            }
            count += 1;
        }
    }
    println!("{count} inputs from the cases are in {}", directory.display());
    Ok(())
}

fn write(directory: &Path, target: &str, name: &str, seed: &[u8]) -> Result<()> {
    fs::create_dir_all(directory.join(target))?;
    fs::write(directory.join(target).join(name), seed)
}

/// All that these steps send.
fn sent_by(steps: &[Step]) -> Vec<u8> {
    let sent = steps.iter().filter_map(|step| match step {
        Step::Send(bytes) => Some(&bytes[..]),
        _ => None,
    });
    sent.collect::<Vec<_>>().concat()
}

/// With something in the places that a session would fill in.
fn filled_in(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (name, value) in [("<host>", "h"), ("<unique>", "u"), ("<etag>", "\"e\"")] {
        while let Some(at) = bytes.windows(name.len()).position(|it| it == name.as_bytes()) {
            bytes.splice(at..at + name.len(), value.bytes());
        }
    }
    bytes
}

/// What stands behind a head that announces chunks.
fn chunked_body(sent: &[u8]) -> Option<&[u8]> {
    let end = sent.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let is_chunked = sent[..end].windows(9).any(|it| it == b": chunked");
    (is_chunked && end < sent.len()).then(|| &sent[end..])
}
