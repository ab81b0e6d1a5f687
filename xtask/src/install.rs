//! Installs what steps need beyond Rust. Nothing is installed that is there already.

use crate::run::{Failure, Result, cargo, command};

/// A tool from crates.io in exactly this version, built once for each machine.
pub(crate) fn cargo_tool(name: &str, version: &str) -> Result {
    // `cargo-deny` is called as `cargo deny`.
    let call = name.replacen("cargo-", "cargo ", 1);
    let there = command(&format!("{call} --version")).quietly();
    if there.passes() {
        let said = command(&format!("{call} --version")).quietly().output()?;
        if said.split_whitespace().any(|word| word.trim_start_matches('v') == version) {
            return Ok(());
        }
    }
    installed(&format!("cargo install --quiet --locked {name}@{version}"))
}

/// Packages of Debian, if this command is not there.
pub(crate) fn debian(program: &str, packages: &[&str]) -> Result {
    if is_there(program) { Ok(()) } else { debian_packages(packages) }
}

/// Python, with what it takes to give a tool an environment of its own.
pub(crate) fn python() -> Result {
    if command("python3 -c").arg("import ensurepip").passes() {
        return Ok(());
    }
    debian_packages(&["python3-venv", "python3"])
}

/// A tool from `PyPI` in exactly this version, in an environment of its own: `folder`.
pub(crate) fn python_tool(folder: &str, name: &str, version: &str) -> Result {
    let there = command(&format!("{folder}/bin/{name} --version")).quietly();
    if there.output().is_ok_and(|said| said.split_whitespace().any(|word| word == version)) {
        return Ok(());
    }
    python()?;
    installed(&format!("python3 -m venv {folder}"))?;
    let pip = format!("{folder}/bin/python -m pip install --quiet --disable-pip-version-check");
    installed(&format!("{pip} {name}=={version}"))
}

/// Packages of Debian.
fn debian_packages(packages: &[&str]) -> Result {
    let root = command("id -u").quietly().output().is_ok_and(|id| id.trim() == "0");
    let sudo = if root { "" } else { "sudo " };
    installed(&format!("{sudo}apt-get -qq update"))?;
    installed(&format!(
        "{sudo}env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
         --no-install-recommends {}",
        packages.join(" ")
    ))
}

/// A toolchain of Rust: a channel or a version.
pub(crate) fn toolchain(name: &str) -> Result {
    if cargo(&format!("+{name} --version")).quietly().passes() {
        return Ok(());
    }
    fetched(&format!("rustup toolchain install {name} --profile minimal"))
}

/// Components of a toolchain that may be there without them.
pub(crate) fn components(toolchain: &str, names: &[&str]) -> Result {
    let list = format!("rustup +{toolchain} component list --installed");
    // Those of one machine have its name behind theirs.
    let there = command(&list).quietly().output()?;
    if names.iter().all(|name| there.lines().any(|line| line.starts_with(name))) {
        return Ok(());
    }
    fetched(&format!("rustup +{toolchain} component add {}", names.join(" ")))
}

/// The standard library for another target, for the toolchain that is used here.
pub(crate) fn target(triple: &str) -> Result {
    let there = command("rustup target list --installed").quietly().output()?;
    if there.lines().any(|line| line == triple) {
        return Ok(());
    }
    fetched(&format!("rustup target add {triple}"))
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn installed(line: &str) -> Result {
    command(line).run()
}

/// What comes from where Rust itself comes from, which is not within reach everywhere.
fn fetched(line: &str) -> Result {
    command(line).run().map_err(|failure| Failure::Unavailable(failure.to_string()))
}
