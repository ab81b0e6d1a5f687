//! The module of the course: `book/live`, compiled for pages, and committed with the hash of what
//! it was built from. It is rebuilt where the target can be had; elsewhere the hash has to do.

use crate::install::{debian, target};
use crate::run::{Failure, Result, cargo, command, read, root, tracked, write};

const TARGET: &str = "wasm32-wasip1";
/// What is committed.
const MODULE: &str = "book/theme/live/module.js";
/// Where it is built, with flags that nothing else is built with.
const FOLDER: &str = "target/live";

/// What it is built from, besides crates from elsewhere.
const SOURCES: &str = "protocol/Cargo.toml protocol/src layer-http2/Cargo.toml layer-http2/src \
                       layer-websocket/Cargo.toml layer-websocket/src \
                       book/live/Cargo.toml book/live/src rust-toolchain.toml";

/// Builds it and writes it down.
pub(crate) fn rebuild() -> Result {
    target(TARGET)?;
    build()?;
    let gzip = piped(&format!("gzip -9nc {} | base64 -w 0", built()))?;
    let text = format!(
        "// Built by `cargo xtask live` from book/live and what that stands on.\n\
         globalThis.LIVE_MODULE = {{\n  sources: '{}',\n  gzip: '{}',\n}}\n",
        sources()?,
        gzip.trim()
    );
    write(MODULE, &text)
}

/// The step of CI.
pub(crate) fn check() -> Result {
    let committed = read(MODULE)?;
    let said = value(&committed, "sources")?;
    if said != sources()? {
        let what = format!("{MODULE} was built from other sources: `cargo xtask live` builds it");
        return Err(Failure::found(what));
    }
    match target(TARGET) {
        Ok(()) => {
            build()?;
            compare(value(&committed, "gzip")?)?;
            println!("The module was rebuilt, and it is the committed one to the byte.");
        }
        Err(Failure::Unavailable(why)) => {
            println!("The module was not rebuilt ({why}).\nThe hash of its sources is the same.");
        }
        Err(other) => return Err(other),
    }
    debian("node", &["nodejs"])?;
    cargo("test --quiet --locked -p live").run()?;
    command("node --test .ci/course/same.test.mjs").run()?;
    command("node .ci/course/same.mjs target/tmp/live").run()
}

/// The same bytes from any folder: paths are written into panics.
fn build() -> Result {
    let home = std::env::var("CARGO_HOME")
        .or_else(|_| std::env::var("HOME").map(|home| home + "/.cargo"))
        .map_err(|_| Failure::found("there is neither CARGO_HOME nor HOME"))?;
    let sysroot = command("rustc --print sysroot").quietly().output()?;
    let version = command("rustc -vV").quietly().output()?;
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    let commit = commit.ok_or_else(|| Failure::found("rustc -vV names no commit"))?;
    // Of the standard library, if its source is there, as it is called if it is not.
    let library = format!("{}/lib/rustlib/src/rust=/rustc/{commit}", sysroot.trim());
    let flags = [format!("{}=/course", root().display()), format!("{home}=/cargo"), library]
        .map(|prefix| format!("--remap-path-prefix={prefix}"))
        .join("\x1f");
    cargo(&format!("build --locked -p live --bin live --profile live --target {TARGET}"))
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", FOLDER)
        .run()
}

fn built() -> String {
    format!("{FOLDER}/{TARGET}/live/live.wasm")
}

/// Whether what is committed unpacks to what has been built.
fn compare(gzip: &str) -> Result {
    write(format!("{FOLDER}/committed.txt"), gzip)?;
    let line = format!("base64 -d {FOLDER}/committed.txt | gzip -dc | cmp - {}", built());
    let differs = |_| Failure::found(format!("{MODULE} differs: `cargo xtask live` builds it"));
    piped(&line).map(drop).map_err(differs)
}

fn piped(line: &str) -> Result<String> {
    command("bash -o pipefail -c").arg(line).output()
}

/// The hash of all that the module is built from.
fn sources() -> Result<String> {
    let mut text = profiles(&read("Cargo.toml")?);
    // Names and versions of what comes from elsewhere; ours have a path behind them.
    let tree = format!("tree --locked -p live -e normal,build --target {TARGET} --prefix none");
    let mut crates: Vec<String> = cargo(&tree)
        .quietly()
        .output()?
        .lines()
        .map(|line| line.split(" (").next().unwrap_or_default().to_owned())
        .collect();
    crates.sort_unstable();
    crates.dedup();
    text += &crates.join("\n");
    for file in tracked(SOURCES)? {
        text += &format!("\n=== {file}\n{}", read(&file)?);
    }
    std::fs::create_dir_all(root().join(FOLDER))
        .map_err(|error| Failure::found(format!("{FOLDER}: {error}")))?;
    write(format!("{FOLDER}/sources.txt"), &text)?;
    let hash = command(&format!("git hash-object {FOLDER}/sources.txt")).quietly().output()?;
    Ok(hash.trim().to_owned())
}

/// The lines of a manifest that say how the module is compiled.
fn profiles(manifest: &str) -> String {
    let mut wanted = false;
    let mut kept = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            wanted = line.starts_with("[profile.release") || line.starts_with("[profile.live");
        }
        if wanted && !line.is_empty() && !line.starts_with('#') {
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

/// What stands behind a name in the module.
fn value<'a>(module: &'a str, name: &str) -> Result<&'a str> {
    let behind = module.split_once(&format!("{name}: '")).map(|(_, behind)| behind);
    let value = behind.and_then(|behind| behind.split_once('\'')).map(|(value, _)| value);
    value.ok_or_else(|| Failure::found(format!("{MODULE} does not say `{name}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_profiles_of_the_module_count() {
        let manifest = "[a]\nb = 1\n[profile.live]\nlto = true\n\n# why\n[profile.dev]\nx = 2\n";
        assert_eq!(profiles(manifest), "[profile.live]\nlto = true\n");
    }

    #[test]
    fn values_of_the_module_are_found() {
        let module = "globalThis.LIVE_MODULE = {\n  sources: 'ab',\n  gzip: 'cd',\n}\n";
        assert_eq!(value(module, "sources").unwrap(), "ab");
        assert_eq!(value(module, "gzip").unwrap(), "cd");
        assert!(value(module, "wasm").is_err());
    }

    #[test]
    fn a_module_that_differs_is_found() {
        let line = "printf a > target/live/a.txt; printf b | cmp - target/live/a.txt";
        std::fs::create_dir_all(root().join(FOLDER)).unwrap();
        assert!(piped(line).is_err());
        assert!(piped(&line.replace("printf b", "printf a")).is_ok());
    }
}
