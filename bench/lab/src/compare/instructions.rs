//! Instructions in user space for each request of our own backends, as `cargo xtask counts` has
//! counted them: CI holds the committed file to what the sources give.

use std::path::Path;
use std::{fs, io};

use serde::Deserialize;

/// The committed counts.
const COUNTS: &str = "bench/counts/counts.json";

/// Which load of ours is counted there under which name.
const COUNTED: [(&str, &str); 5] = [
    ("keep-alive 1", "round trip"),
    ("twelve fields", "twelve fields"),
    ("pipelined 16", "pipelines of 16"),
    ("connection per request", "a connection for each request"),
    ("WebSocket echo", "WebSocket echo"),
];

/// Counts of whole requests.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Instructions {
    requests: Vec<Count>,
}

#[derive(Debug, Deserialize)]
struct Count {
    of: String,
    by: String,
    program: u64,
    libc: u64,
}

impl Instructions {
    /// Reads them.
    pub(super) fn read(workspace: &Path) -> io::Result<Self> {
        Ok(serde_json::from_str(&fs::read_to_string(workspace.join(COUNTS))?)?)
    }

    /// Those of one request of an entry, the C library's included, if they were counted.
    pub(super) fn of(&self, scenario: &str, entry: &str) -> Option<f64> {
        let (_, name) = COUNTED.iter().find(|(ours, _)| *ours == scenario)?;
        let is_it = |count: &&Count| count.of == *name && is_named(&count.by, entry);
        let count = self.requests.iter().find(is_it)?;
        Some((count.program + count.libc) as f64)
    }
}

/// Backend and model are separate words there; a backend with one model is named without it here.
fn is_named(by: &str, entry: &str) -> bool {
    let Some((backend, model)) = by.split_once(", ") else { return false };
    entry == backend || entry.strip_prefix(backend).is_some_and(|rest| rest.trim_start() == model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entries::workspace;

    #[test]
    fn committed_counts_are_found_by_the_names_of_entries_and_loads() {
        let counts = Instructions::read(&workspace()).expect("they are committed");
        for entry in ["sync threads", "sync pool", "mio", "tokio multi", "async-std", "smol"] {
            for (scenario, _) in COUNTED {
                assert!(counts.of(scenario, entry).is_some_and(|it| it > 1000.0), "{entry}");
            }
        }
        assert_ne!(counts.of("twelve fields", "mio"), counts.of("twelve fields", "tokio multi"));
        assert_eq!(counts.of("twelve fields", "uring"), None);
        assert_eq!(counts.of("twelve fields", "floor mio"), None);
        assert_eq!(counts.of("keep-alive 64", "mio"), None, "a loop finds more at once there");
    }
}
