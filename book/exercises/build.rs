//! Lists the exercises as modules of this crate, so that an editor knows the reader's copies: each
//! is the file in `mine`, or the task in `src` as long as there is none. A new exercise needs no
//! line here or in `src/lib.rs`.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let solutions = env::var_os("CARGO_FEATURE_SOLUTIONS").is_some();
    for folder in ["src", "mine", "solutions"] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let mut modules = String::new();
    for name in names(&root.join("src"))? {
        let path = source(&root, &name, solutions);
        modules += &format!("#[path = {path:?}]\npub mod {name};\n");
    }
    fs::write(target.join("modules.rs"), modules)
}

/// The names of the exercises, in order.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.file_name().into_string().unwrap_or_default();
        names.extend(file.strip_suffix(".rs").filter(|name| *name != "lib").map(String::from));
    }
    names.sort();
    Ok(names)
}

fn source(root: &Path, name: &str, solutions: bool) -> PathBuf {
    let file = |folder: &str| root.join(folder).join(format!("{name}.rs"));
    let own = file("mine");
    match solutions {
        true => file("solutions"),
        false if own.exists() => own,
        false => file("src"),
    }
}
