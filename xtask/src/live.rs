//! The module of the course: `book/live`, compiled for pages, and committed with the hash of what
//! it was built from. It is rebuilt where the target is available; elsewhere the hash has to do.

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
    let sources = sources()?; // which unpacks the crates from elsewhere
    build()?;
    // The format of gzip, and a twentieth smaller.
    debian("zopfli", &["zopfli"])?;
    let gzip = piped(&format!("zopfli -c {} | base64 -w 0", built()))?;
    let text = format!(
        "// Built by `cargo xtask live` from book/live and what that stands on.\n\
         globalThis.LIVE_MODULE = {{\n  sources: '{}',\n  gzip: '{}',\n}}\n",
        sources,
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
            compare(value(&committed, "gzip")?, &built())?;
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
    let ours = [format!("{}=/course", root().display()), format!("{home}=/cargo"), library];
    let prefixes = ours.into_iter().chain(registries(&home));
    let flags: Vec<String> =
        prefixes.map(|prefix| format!("--remap-path-prefix={prefix}")).collect();
    let flags = flags.join("\x1f");
    cargo(&format!("build --locked -p live --bin live --profile live --target {TARGET}"))
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", FOLDER)
        .run()
}

/// The folders in which Cargo unpacks crates, each under one name: the real name depends on how
/// Cargo is configured. They come after the folder that they are in, since the last match counts.
fn registries(home: &str) -> Vec<String> {
    let folders = std::fs::read_dir(format!("{home}/registry/src")).into_iter().flatten();
    let mut prefixes: Vec<String> =
        folders.flatten().map(|one| format!("{}=/cargo/src", one.path().display())).collect();
    prefixes.sort_unstable();
    prefixes
}

fn built() -> String {
    format!("{FOLDER}/{TARGET}/live/live.wasm")
}

/// Whether what is committed unpacks to what has been built.
fn compare(gzip: &str, built: &str) -> Result {
    let committed = format!("{built}.committed");
    write(&committed, gzip)?;
    let line = format!("base64 -d {committed} | gzip -dc | cmp - {built}");
    let differs = |_| Failure::found(format!("{MODULE} differs: `cargo xtask live` builds it"));
    piped(&line).map(drop).map_err(differs)
}

fn piped(line: &str) -> Result<String> {
    command("bash -o pipefail -c").arg(line).output()
}

/// The hash of all that the module is built from.
fn sources() -> Result<String> {
    let mut text = profiles(&read("Cargo.toml")?);
    let tree = format!("tree --locked -p live -e normal,build --target {TARGET} --prefix none");
    let tree = cargo(&tree).args(["--format", "{p}|{f}"]).quietly().output()?;
    text += &crates(&tree).join("\n");
    for file in tracked(SOURCES)? {
        text += &format!("\n=== {file}\n{}", read(&file)?);
    }
    std::fs::create_dir_all(root().join(FOLDER))
        .map_err(|error| Failure::found(format!("{FOLDER}: {error}")))?;
    write(format!("{FOLDER}/sources.txt"), &text)?;
    let hash = command(&format!("git hash-object {FOLDER}/sources.txt")).quietly().output()?;
    Ok(hash.trim().to_owned())
}

/// Names, versions and features of what `cargo tree` lists. What is in parentheses is left out: our
/// folders, and the mark of a crate that has been listed before.
fn crates(tree: &str) -> Vec<String> {
    let bare = |text: &str| text.split(" (").next().unwrap_or_default().trim_end().to_owned();
    let mut crates: Vec<String> = tree
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(name, features)| format!("{} {}", bare(name), bare(features)))
        .collect();
    crates.sort_unstable();
    crates.dedup();
    crates
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
    fn features_of_a_crate_count_and_our_folders_do_not() {
        let tree = "live v0.1.0 (/a/live)|\nslab v0.4.12|std\nh2 v0.4.20|\nslab v0.4.12|std (*)\n";
        assert_eq!(crates(tree), ["h2 v0.4.20 ", "live v0.1.0 ", "slab v0.4.12 std"]);
        assert_ne!(crates("slab v0.4.12|"), crates("slab v0.4.12|std"));
    }

    #[test]
    fn folders_of_registries_have_one_name() {
        let home = root().join(FOLDER).join("home");
        std::fs::create_dir_all(home.join("registry/src/index-1")).unwrap();
        let home = home.display().to_string();
        assert_eq!(registries(&home), [format!("{home}/registry/src/index-1=/cargo/src")]);
        assert!(registries("/no/such/folder").is_empty());
    }

    #[test]
    fn a_module_that_differs_is_found() {
        std::fs::create_dir_all(root().join(FOLDER)).unwrap();
        let built = format!("{FOLDER}/test.wasm");
        write(&built, "as committed").unwrap();
        let gzip = piped(&format!("gzip -9nc {built} | base64 -w 0")).unwrap();
        assert!(compare(&gzip, &built).is_ok());
        write(&built, "as Committed").unwrap();
        assert!(compare(&gzip, &built).is_err());
        assert!(compare("no gzip", &built).is_err());
    }
}
