//! The modules of a crate, and which of them uses which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::source::{Token, group, tokens};

/// The path of a module in its crate; the root is empty.
pub(crate) type Module = Vec<String>;

/// A module as it stands in the list: `a`, or `a::self` for what stands in `a` itself and not in a
/// module below it.
pub(crate) fn shown(module: &Module) -> String {
    module.join("::")
}

/// One use of a module by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tie {
    pub(crate) from: Module,
    pub(crate) to: Module,
    /// File and line, and what stands there.
    pub(crate) at: String,
}

impl Tie {
    /// Whether both are among these.
    pub(crate) fn is_within(&self, circle: &[Module]) -> bool {
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
pub(crate) struct Crate {
    modules: BTreeMap<Module, Contents>,
}

/// Reads a file.
pub(crate) type Open<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Crate {
    /// Reads all modules that are declared, from the file in which the crate begins.
    pub(crate) fn read(root: &str, open: Open<'_>) -> Self {
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
    pub(crate) fn ties(&self) -> Vec<Tie> {
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
