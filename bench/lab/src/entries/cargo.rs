//! Building what is measured.

use std::collections::HashMap;
use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The binaries that a build has made, by name.
#[derive(Debug)]
pub(super) struct Built(HashMap<String, PathBuf>);

impl Built {
    pub(super) fn get(&self, name: &str) -> io::Result<&Path> {
        let path = self.0.get(name).map(PathBuf::as_path);
        path.ok_or_else(|| io::Error::other(format!("cargo has not built the binary {name}")))
    }
}

/// The workspace that the lab was built from.
pub(crate) fn workspace() -> PathBuf {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
    lab.ancestors().nth(2).unwrap_or(lab).to_owned()
}

/// Builds the binaries of a workspace in its release profile, if they have changed. cargo's
/// progress goes to standard error.
pub(super) fn build(workspace: &Path, arguments: &[&str]) -> io::Result<Built> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--locked", "--bins"])
        .args(["--message-format", "json-render-diagnostics"])
        .args(arguments)
        .current_dir(workspace)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("cargo build {}", output.status)));
    }
    Ok(Built(binaries(&output.stdout)))
}

/// Reads what cargo says of its build, a message in each line.
fn binaries(messages: &[u8]) -> HashMap<String, PathBuf> {
    let lines = messages.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let binary = |message: Value| {
        let name = message["target"]["name"].as_str()?.to_owned();
        Some((name, message["executable"].as_str()?.into()))
    };
    messages.filter_map(binary).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_are_those_with_an_executable() {
        let messages = br#"{"reason":"compiler-artifact","target":{"name":"a"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"floor"},"executable":"/t/release/floor"}
{"reason":"build-finished","success":true}
"#;
        let built = Built(binaries(messages));
        assert_eq!(built.get("floor").expect("it has been built"), Path::new("/t/release/floor"));
        assert!(built.get("a").is_err());
    }
}
