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

use crate::run::{Failure, Result, read, tracked};
use crate::source::{Token, group, tokens};

const TOLERATED: &str = "xtask/tolerated-ties.txt";

/// The path of a module in its crate; the root is empty.
type Module = Vec<String>;

/// Prints each circle of modules, with the lines that tie it.
pub(crate) fn check() -> Result {
    let mut tolerated = tolerated(&read(TOLERATED)?)?;
    let mut problems = 0;
    for (name, root) in crates()? {
        let source = Crate::read(&root, &|path| read(path).ok());
        let mut ties = source.ties();
        let is_tolerated = |tie: &Tie| {
            let key = (name.clone(), shown(&tie.from), shown(&tie.to));
            tolerated.get_mut(&key).map(|was_used| *was_used = true).is_some()
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
    for (name, from, to) in tolerated.iter().filter(|(_, used)| !**used).map(|(tie, _)| tie) {
        println!("{TOLERATED}: `{name} {from} -> {to}` is no more: its line can go");
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

/// Lines of `CRATE FROM -> TO: REASON`, and whether that tie has been met.
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

/// A module as it stands in the list: `a`, or `a::self` for what stands in `a` itself and not in a
/// module below it.
fn shown(module: &Module) -> String {
    module.join("::")
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

/// One use of a module by another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tie {
    from: Module,
    to: Module,
    /// File and line.
    at: String,
}

impl Tie {
    fn is_within(&self, circle: &[Module]) -> bool {
        circle.contains(&self.from) && circle.contains(&self.to)
    }
}

/// A path that stands in a module.
#[derive(Debug)]
struct Use {
    segments: Vec<String>,
    line: usize,
    /// What others can call it, if this is a re-export.
    public: Option<String>,
}

/// What a file, or a module within it, contains.
#[derive(Debug, Default)]
struct Contents {
    file: String,
    /// Paths, and what is imported.
    uses: Vec<Use>,
    /// What is mentioned without a path.
    words: BTreeSet<String>,
    /// Names that are imported or re-exported, and from where.
    names: BTreeMap<String, Vec<String>>,
    /// From where everything is imported.
    globs: Vec<Vec<String>>,
    /// What is defined here.
    items: BTreeSet<String>,
}

/// The modules of a crate.
#[derive(Debug, Default)]
struct Crate {
    modules: BTreeMap<Module, Contents>,
}

/// Reads a file.
type Open<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Crate {
    fn read(root: &str, open: Open<'_>) -> Self {
        let mut source = Crate::default();
        let folder = Path::new(root).parent().unwrap_or(Path::new("")).to_string_lossy();
        source.read_file(&Vec::new(), root, &folder, open);
        source
    }

    /// Reads a module whose children are files in `folder`, and those.
    fn read_file(&mut self, module: &Module, file: &str, folder: &str, open: Open<'_>) {
        let Some(text) = open(file) else { return };
        let mut children = Vec::new();
        self.read_tokens(module, file, &tokens(&text), &mut children);
        for child in children {
            let inner: Vec<&str> = child[module.len()..].iter().map(String::as_str).collect();
            let below = format!("{folder}/{}", inner.join("/"));
            for file in [format!("{below}.rs"), format!("{below}/mod.rs")] {
                self.read_file(&child, &file, &below, open);
            }
        }
    }

    /// Reads what stands in a module, and finds the modules that have files of their own.
    fn read_tokens(
        &mut self,
        module: &Module,
        file: &str,
        tokens: &[Token],
        files: &mut Vec<Module>,
    ) {
        self.modules.entry(module.clone()).or_default().file = file.to_owned();
        let mut at = 0;
        while at < tokens.len() {
            at += self.read_item(module, file, &tokens[at..], files).max(1);
        }
    }

    /// Reads what begins here, and returns its length.
    fn read_item(
        &mut self,
        module: &Module,
        file: &str,
        tokens: &[Token],
        files: &mut Vec<Module>,
    ) -> usize {
        const DEFINE: [&str; 9] =
            ["fn", "struct", "enum", "trait", "type", "const", "static", "union", "macro_rules"];
        let word = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
        let contents = self.modules.entry(module.clone()).or_default();
        match word(0) {
            "mod" if word(2) == ";" || word(2) == "{" => {
                let child = [module.as_slice(), &[word(1).to_owned()]].concat();
                if word(2) == ";" {
                    files.push(child);
                    return 3;
                }
                let length = group(&tokens[2..]);
                self.read_tokens(&child, file, &tokens[3..=length], files);
                length + 2
            }
            "use" => contents.read_use(tokens, false),
            "pub" if word(1) == "use" => 1 + contents.read_use(&tokens[1..], true),
            "pub" if word(1) == "(" => {
                let length = 1 + group(&tokens[1..]);
                let is_use = word(length) == "use";
                length + if is_use { contents.read_use(&tokens[length..], true) } else { 0 }
            }
            _ if tokens[0].is_word() && word(1) == "::" => {
                let segments = path(tokens);
                let length = segments.len() * 2 - 1;
                contents.words.insert(segments[0].clone());
                contents.uses.push(Use { segments, line: tokens[0].line, public: None });
                length
            }
            define if DEFINE.contains(&define) => {
                let name = tokens[1..].iter().find(|token| token.is_word());
                contents.items.extend(name.map(|name| name.text.clone()));
                1
            }
            word => {
                contents.words.insert(word.to_owned());
                1
            }
        }
    }

    /// Which modules use which, as modules beside each other, or as a child and its parent.
    fn ties(&self) -> Vec<Tie> {
        let mut ties: Vec<Tie> = Vec::new();
        for (module, contents) in &self.modules {
            let is_used =
                |path: &&Use| path.public.as_ref().is_none_or(|name| contents.words.contains(name));
            for path in contents.uses.iter().filter(is_used) {
                let Some(used) = self.resolve(module, &path.segments, 0) else { continue };
                let Some((from, to)) = beside(module, &used) else { continue };
                let at = format!("{}:{}: {}", contents.file, path.line, path.segments.join("::"));
                ties.push(Tie { from, to, at });
            }
        }
        ties
    }

    /// The module in which this is defined that is called so in `module`. Nothing if that is in
    /// another crate.
    fn resolve(&self, module: &Module, path: &[String], depth: usize) -> Option<Module> {
        let mut rest = path;
        let mut here = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => module.clone(),
            first if self.is_known(module, first) => module.clone(),
            _ => return None,
        };
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "crate" | "self" => {}
                "super" => drop(here.pop()),
                name => {
                    let child = [here.as_slice(), &[name.to_owned()]].concat();
                    if self.modules.contains_key(&child) {
                        here = child;
                    } else if depth < 20 {
                        return self.behind(&here, name, after, depth);
                    }
                }
            }
            rest = after;
        }
        Some(here)
    }

    fn is_known(&self, module: &Module, name: &str) -> bool {
        let child = [module.as_slice(), &[name.to_owned()]].concat();
        self.modules.contains_key(&child) || self.modules[module].items.contains(name)
    }

    /// Where a name of this module comes from, and what is called so in there.
    fn behind(&self, here: &Module, name: &str, after: &[String], depth: usize) -> Option<Module> {
        let contents = self.modules.get(here)?;
        if contents.items.contains(name) {
            return Some(here.clone());
        }
        if let Some(target) = contents.names.get(name) {
            // A name may be imported and be a module's, with more behind it.
            let longer = [target.as_slice(), after].concat();
            return self.resolve(here, &longer, depth + 1);
        }
        for glob in &contents.globs {
            let Some(module) = self.resolve(here, glob, depth + 1) else { continue };
            if module != *here && self.modules.get(&module)?.items.contains(name) {
                return Some(module);
            }
        }
        Some(here.clone())
    }
}

impl Contents {
    /// Reads from a `use` to its `;`, and returns its length.
    fn read_use(&mut self, tokens: &[Token], public: bool) -> usize {
        let length = tokens.iter().position(|token| token.is(";")).unwrap_or(tokens.len());
        self.read_tree(&mut &tokens[1..length], &[], public);
        length
    }

    /// Reads what stands between `use` and `;`, or between braces within it.
    fn read_tree(&mut self, tree: &mut &[Token], before: &[String], public: bool) {
        let mut path = before.to_vec();
        let mut line = 0;
        while let Some((token, after)) = tree.split_first() {
            match token.text.as_str() {
                "{" => {
                    *tree = after;
                    while !tree.is_empty() && !tree[0].is("}") {
                        self.read_tree(tree, &path, public);
                        if tree.first().is_some_and(|token| token.is(",")) {
                            *tree = &tree[1..];
                        }
                    }
                    *tree = tree.get(1..).unwrap_or_default();
                    return;
                }
                "," | "}" => break,
                "*" => {
                    self.globs.push(path.clone());
                    let public = public.then(String::new);
                    self.uses.push(Use { segments: path, line: token.line, public });
                    *tree = after;
                    return;
                }
                "as" => {
                    let name = after.first().map_or("_", |name| &name.text).to_owned();
                    *tree = after.get(1..).unwrap_or_default();
                    self.import(path, name, token.line, public);
                    return;
                }
                "::" => {}
                // `use x::{self}` is `use x`.
                "self" if !path.is_empty() => {}
                word => path.push(word.to_owned()),
            }
            line = token.line;
            *tree = after;
        }
        if let Some(name) = path.last().cloned() {
            self.import(path, name, line, public);
        }
    }

    fn import(&mut self, path: Vec<String>, name: String, line: usize, public: bool) {
        self.names.insert(name.clone(), path.clone());
        self.uses.push(Use { segments: path, line, public: public.then_some(name) });
    }
}

/// `a::b::c`, as far as it goes.
fn path(tokens: &[Token]) -> Vec<String> {
    let mut path = vec![tokens[0].text.clone()];
    for pair in tokens[1..].chunks_exact(2) {
        if !(pair[0].is("::") && pair[1].is_word()) {
            break;
        }
        path.push(pair[1].text.clone());
    }
    path
}

/// The two modules beside each other to which these belong; where one is above the other, the one
/// below it and what stands in the upper one itself. Nothing if they are the same.
fn beside(user: &Module, used: &Module) -> Option<(Module, Module)> {
    let common = user.iter().zip(used).take_while(|(one, other)| one == other).count();
    let room = |module: &Module| match module.get(..=common) {
        Some(below) => below.to_vec(),
        None => [module.as_slice(), &["self".to_owned()]].concat(),
    };
    (user != used).then(|| (room(user), room(used)))
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
