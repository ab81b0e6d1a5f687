//! Finds circles of modules: modules of one crate that use each other, so that none of them can be
//! read or changed alone.
//!
//! # The rule
//! * Modules beside each other may use each other in one direction only. What is below a module
//!   counts as the module.
//! * A parent may use its children. If it does, they may not use what it defines; what it only
//!   re-exports belongs to the module that defines it. To declare a child, or to re-export what is
//!   in it, is not to use it.
//! * Tests use what they like.
//!
//! What is tolerated stands in `xtask/tolerated-ties.txt`, each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::modules::{Crate, Module, Tie, shown};
use crate::run::{Failure, Result, read, tracked};

const TOLERATED: &str = "xtask/tolerated-ties.txt";

/// Prints each circle of modules, with the lines that tie it.
pub(crate) fn check() -> Result {
    let mut tolerated = tolerated(&read(TOLERATED)?)?;
    let mut problems = 0;
    for (name, root) in crates()? {
        let mut ties = Crate::read(&root, &|path| read(path).ok()).ties();
        let all = circles(&ties);
        let is_tolerated = |tie: &Tie| {
            let key = (name.clone(), shown(&tie.from), shown(&tie.to));
            let Some(is_needed) = tolerated.get_mut(&key) else { return false };
            *is_needed |= all.iter().any(|circle| tie.is_within(circle));
            true
        };
        ties.retain(not(is_tolerated));
        for circle in circles(&ties) {
            println!("{name}: {}", circle.iter().map(shown).collect::<Vec<_>>().join(", "));
            for tie in ties.iter().filter(|tie| tie.is_within(&circle)) {
                println!("    {} -> {}   {}", shown(&tie.from), shown(&tie.to), tie.at);
            }
            problems += 1;
        }
    }
    for (name, from, to) in
        tolerated.iter().filter(|(_, is_needed)| !**is_needed).map(|(tie, _)| tie)
    {
        println!("{TOLERATED}: `{name} {from} -> {to}` closes no circle: its line can go");
    }
    match problems {
        0 => Ok(()),
        1 => Err(Failure::found("there is a circle of modules")),
        _ => Err(Failure::found(format!("there are {problems} circles of modules"))),
    }
}

fn not<T>(mut condition: impl FnMut(&T) -> bool) -> impl FnMut(&T) -> bool {
    move |it| !condition(it)
}

/// Lines of `CRATE FROM -> TO: REASON`, none of which has closed a circle so far.
fn tolerated(list: &str) -> Result<BTreeMap<(String, String, String), bool>> {
    let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = lines.map(|line| {
        let (tie, reason) = line.split_once(": ")?;
        let [name, from, "->", to] = tie.split(' ').collect::<Vec<_>>()[..] else { return None };
        let key = (name.to_owned(), from.to_owned(), to.to_owned());
        (!reason.trim().is_empty()).then_some((key, false))
    });
    read.collect::<Option<_>>().ok_or_else(|| {
        Failure::found(format!("{TOLERATED}: a line is not `CRATE FROM -> TO: WHY`"))
    })
}

/// The crates of the workspace: the name, and the file in which each begins.
fn crates() -> Result<Vec<(String, String)>> {
    let roots = tracked("*/src/lib.rs */src/main.rs book/check/lib.rs")?;
    let is_exercise = |root: &String| root.starts_with("book/exercises/");
    let mut crates: Vec<(String, String)> = Vec::new();
    for root in roots.into_iter().filter(not(is_exercise)) {
        let name = Path::new(&root).ancestors().nth(2).and_then(Path::file_name);
        let name = name.unwrap_or_default().to_string_lossy().into_owned();
        // A program beside a library has no modules of its own.
        if crates.iter().all(|(known, _)| *known != name) {
            crates.push((name, root));
        }
    }
    Ok(crates)
}

/// Modules each of which leads to each other one.
fn circles(ties: &[Tie]) -> Vec<Vec<Module>> {
    let modules: BTreeSet<&Module> = ties.iter().flat_map(|tie| [&tie.from, &tie.to]).collect();
    let mut next: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for tie in ties {
        next.entry(&tie.from).or_default().insert(&tie.to);
    }
    let reached = |from: &Module| {
        let mut reached: BTreeSet<&Module> = BTreeSet::new();
        let mut open: Vec<&Module> = next.get(from).into_iter().flatten().copied().collect();
        while let Some(module) = open.pop() {
            if reached.insert(module) {
                open.extend(next.get(module).into_iter().flatten());
            }
        }
        reached
    };
    let reaches: BTreeMap<&Module, BTreeSet<&Module>> =
        modules.iter().map(|module| (*module, reached(module))).collect();
    let mut circles: Vec<Vec<Module>> = Vec::new();
    for module in modules {
        let is_round = |other: &&&Module| reaches[**other].contains(module);
        let circle: Vec<Module> =
            reaches[module].iter().filter(is_round).map(|other| (*other).clone()).collect();
        if circle.len() > 1 && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles of a crate of these files.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let open = |path: &str| {
            files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
        };
        let ties = Crate::read("src/lib.rs", &open).ties();
        let shown = |circle: Vec<Module>| circle.iter().map(shown).collect::<Vec<_>>().join(" ");
        circles(&ties).into_iter().map(shown).collect()
    }

    #[test]
    fn modules_that_use_each_other_are_a_circle() {
        let files = [
            ("src/lib.rs", "mod a; mod b; mod c;"),
            ("src/a.rs", "use crate::b::B;"),
            ("src/b.rs", "fn f() { crate::c::g() }"),
            ("src/c.rs", "use super::a;"),
        ];
        assert_eq!(found(&files), ["a b c"]);
        let without = [files[0], files[1], files[2], ("src/c.rs", "")];
        assert_eq!(found(&without), [""; 0]);
    }

    #[test]
    fn a_name_that_is_re_exported_belongs_to_the_module_that_defines_it() {
        let lib = "mod a; mod b; pub use a::A; pub use b::*; pub use http;";
        let b = ("src/b.rs", "use crate::A; pub struct B;");
        let files = [("src/lib.rs", lib), ("src/a.rs", "use crate::{B as _, http::X};"), b];
        assert_eq!(found(&files), ["a b"]);
        let files = [("src/lib.rs", lib), ("src/a.rs", "use crate::http::X;"), b];
        assert_eq!(found(&files), [""; 0]);
    }

    #[test]
    fn a_parent_and_a_child_that_use_each_other_are_a_circle() {
        let child = ("src/a.rs", "use crate::T; pub struct A;");
        for (parent, is_circle) in [
            ("mod a; pub struct T;", false),
            ("mod a; pub use a::A; pub struct T;", false),
            ("mod a; pub use a::*; pub struct T;", false),
            ("mod a; pub(crate) use a::A; pub struct T(A);", true),
            ("mod a; use a::A; pub struct T;", true),
            ("mod a; pub struct T; fn f() { a::g() }", true),
            ("mod a; macro_rules! m { () => { $crate::a::g() } } pub struct T;", true),
        ] {
            let circle = if is_circle { &["a self"][..] } else { &[] };
            assert_eq!(found(&[("src/lib.rs", parent), child]), circle, "{parent}");
        }
    }

    #[test]
    fn what_a_parent_imports_is_not_its_own() {
        let lib = ("src/lib.rs", "mod a; mod b; use b::B; fn f() { a::g() } pub struct T;");
        let b = ("src/b.rs", "pub struct B;");
        assert_eq!(found(&[lib, ("src/a.rs", "use super::B;"), b]), [""; 0]);
        assert_eq!(found(&[lib, ("src/a.rs", "use super::*;"), b]), ["a self"]);
    }

    #[test]
    fn what_is_below_a_module_counts_as_the_module() {
        let files = [
            ("src/lib.rs", "mod a; mod b { pub mod inner { use crate::a::one; } }"),
            ("src/a.rs", "mod one; mod two;"),
            ("src/a/one.rs", "use super::two::T;"),
            ("src/a/two.rs", "use crate::b::B;"),
        ];
        assert_eq!(found(&files), ["a b"]);
    }

    #[test]
    fn what_only_tests_use_is_no_tie() {
        let files = [
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a/mod.rs", "use crate::b::B;"),
            ("src/b.rs", "#[cfg(test)] mod tests { use crate::a::A; } // crate::a"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }

    #[test]
    fn a_tie_is_tolerated_only_with_a_reason() {
        let key = ("protocol", "a", "b");
        let list = tolerated("# Comment\n\nprotocol a -> b: because\n").unwrap();
        let keys: Vec<_> =
            list.keys().map(|(c, a, b)| (c.as_str(), a.as_str(), b.as_str())).collect();
        assert_eq!(keys, [key]);
        assert!(tolerated("protocol a -> b: ").is_err());
        assert!(tolerated("protocol a b: because").is_err());
    }

    #[test]
    fn this_repository_has_no_circles_but_those_that_are_tolerated() {
        check().unwrap();
    }
}
