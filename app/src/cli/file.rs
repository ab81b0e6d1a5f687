//! A configuration file in TOML.
//!
//! ```toml
//! listen = "0.0.0.0:80"    # a key is an option of the command line
//!
//! [limits]                 # tables group options, as --help does
//! max-body = "10MiB"
//!
//! [[site]]                 # sites are in files only
//! root = "dist"
//! ```
//!
//! Relative paths start where the file is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Arg, Command, ValueHint};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, ValueDeserializer};

use crate::cli::hints;
use crate::cli::value::{Source, Value, configurable, flag, is_several, name, problem, suggestion};
use crate::operation::listeners::PATH;
use crate::site::{Problem, Settings};

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) values: Vec<Value>,
    pub(super) sites: Vec<Settings>,
    /// The sites as they are written.
    pub(super) tables: toml::Table,
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// A sentence with the file and, if it is the fault of one, the line.
    pub(super) fn read(path: &Path, command: &Command) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| {
            format!("cannot read the configuration {}: {error}", path.display())
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let end = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(&error.as_bytes()[..end]);
            let line = line(&before, end);
            format!("{}:{line}: this is not UTF-8: save the file in this encoding", path.display())
        })?;
        Reader { path, text: &text, command, file: File::default() }.read()
    }
}

type Entry<'a> = (Spanned<DeString<'a>>, Spanned<DeValue<'a>>);

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    command: &'a Command,
    file: File,
}

impl<'a> Reader<'a> {
    fn read(mut self) -> Result<File, String> {
        let table = DeTable::parse(self.text).map_err(|error| self.located(&error))?;
        for (key, value) in in_order(table.into_inner()) {
            self.top(&key, value)?;
        }
        Ok(self.file)
    }

    /// An entry that is in no table.
    fn top(
        &mut self,
        key: &Spanned<DeString<'a>>,
        value: Spanned<DeValue<'a>>,
    ) -> Result<(), String> {
        let at = key.span().start;
        let name = &**key.get_ref();
        let groups: Vec<_> = configurable(self.command).filter_map(table_of).collect();
        let is_group = groups.iter().any(|it| it == name);
        match value.get_ref() {
            DeValue::Table(_) if name == "site" => {
                Err(self.wrong(at, "[site] is written [[site]]"))
            }
            DeValue::Array(_) if name == "site" => self.sites(value),
            _ if RULES.contains(&name) => {
                let text = format!("[[{name}]] is part of a site: write [[site.{name}]] below it");
                Err(self.wrong(at, text))
            }
            DeValue::Array(_) if is_group => {
                Err(self.wrong(at, format!("[[{name}]] is written [{name}]")))
            }
            DeValue::Table(_) if is_group => {
                let group = name.to_owned();
                let DeValue::Table(table) = value.into_inner() else { return Ok(()) };
                in_order(table).try_for_each(|(key, value)| self.option(Some(&group), &key, &value))
            }
            DeValue::Table(_) => {
                let known = groups.iter().map(String::as_str);
                let near = hints::key(name).unwrap_or_else(|| suggestion(name, known));
                let near = match near.is_empty() {
                    true => format!(", only [[site]] and {}", in_brackets(&groups)),
                    false => near,
                };
                Err(self.wrong(at, format!("there is no table [{name}]{near}")))
            }
            DeValue::Array(items) if items.iter().any(|it| it.get_ref().is_table()) => {
                let near = hints::key(name).unwrap_or_else(|| "; a site is [[site]]".to_owned());
                Err(self.wrong(at, format!("there is no table [[{name}]]{near}")))
            }
            _ => self.option(None, key, &value),
        }
    }

    fn option(
        &mut self,
        table: Option<&str>,
        key: &Spanned<DeString<'a>>,
        value: &Spanned<DeValue<'a>>,
    ) -> Result<(), String> {
        let (at, key) = (key.span().start, &**key.get_ref());
        let command = self.command;
        let known = |key: &str| configurable(command).find(|arg| name(arg) == Some(key));
        let Some(arg) = known(key) else {
            let in_table = table.map(|table| format!("{table}-{key}"));
            let near = match in_table.filter(|name| known(name).is_some()) {
                Some(name) => format!("; did you mean {name}?"),
                None if OF_SITE.contains(&key) => format!(": {key} is part of a [[site]]"),
                None => hints::key(key)
                    .unwrap_or_else(|| suggestion(key, configurable(command).filter_map(name))),
            };
            return Err(self.wrong(at, format!("there is no key {key}{near}")));
        };
        if let Some(table) = table
            && table_of(arg).as_deref() != Some(table)
        {
            let meant = format!("{table}-{key}");
            let way_out = match (known(&meant), table_of(arg)) {
                (Some(_), _) => format!("; did you mean {meant}?"),
                (_, Some(other)) => format!(": write it in [{other}]"),
                (_, None) => ": write it at the top of the file, before all tables".to_owned(),
            };
            let text = format!("{key} is not for the table [{table}]{way_out}");
            return Err(self.wrong(at, text));
        }
        if self.file.values.iter().any(|it| it.name == key) {
            return Err(self.wrong(at, format!("{key} was said before")));
        }
        let words = self.words(arg, key, value)?;
        let source = Source::File(self.path.display().to_string(), line(self.text, at));
        self.file.values.push(Value { name: key.to_owned(), words, source });
        Ok(())
    }

    /// A value as the command line would have it.
    fn words(
        &self,
        arg: &Arg,
        key: &str,
        value: &Spanned<DeValue<'a>>,
    ) -> Result<Vec<OsString>, String> {
        let at = value.span().start;
        let items = match value.get_ref() {
            DeValue::Array(items) if is_several(arg) => &items[..],
            _ => std::slice::from_ref(value),
        };
        let mut words = Vec::new();
        for item in items {
            let Some(text) = text(item.get_ref(), flag(arg)) else {
                if let Some(what) = scalar(item.get_ref())
                    .and_then(|text| problem(self.command, arg, text.as_ref()))
                {
                    return Err(self.wrong(at, format!("{key}: {what}")));
                }
                let wanted = if flag(arg) { "true or false" } else { "a text or a number" };
                let found = item.get_ref().type_str();
                let text = format!("{key} has to be {wanted}, and this is of type {found}");
                return Err(self.wrong(at, text));
            };
            let word = map_path(arg, text.into(), |path| self.path_of(path));
            if let Some(what) = problem(self.command, arg, &word) {
                return Err(self.wrong(at, format!("{key}: {what}")));
            }
            words.push(word);
        }
        Ok(words)
    }

    fn sites(&mut self, value: Spanned<DeValue<'a>>) -> Result<(), String> {
        let DeValue::Array(array) = value.get_ref() else { return Ok(()) };
        for item in &**array {
            let site = Settings::deserialize(ValueDeserializer::from(item.clone()));
            let mut site = site.map_err(|error| self.located(&error))?;
            site.root = self.path_of(&site.root);
            site.check().map_err(|Problem { key, text }| {
                let name = key.split('.').rfind(|part| part.parse::<usize>().is_err());
                let text = format!("{}: {text}", name.unwrap_or_default());
                self.wrong(start_of(item, &key), text)
            })?;
            self.only_site_of_its_hosts(array, item, &site)?;
            self.file.sites.push(site);
        }
        let mut tables = toml::Value::deserialize(ValueDeserializer::from(value))
            .map_err(|error| self.located(&error))?;
        for table in tables.as_array_mut().into_iter().flatten() {
            if let Some(toml::Value::String(root)) = table.get_mut("root") {
                *root = absolute(&self.path_of(Path::new(root))).display().to_string();
            }
        }
        self.file.tables.insert("site".into(), tables);
        Ok(())
    }

    /// No site before this one has a host of it.
    fn only_site_of_its_hosts(
        &self,
        all: &[Spanned<DeValue<'a>>],
        item: &Spanned<DeValue<'a>>,
        site: &Settings,
    ) -> Result<(), String> {
        for (other, known) in all.iter().zip(&self.file.sites) {
            let before = line(self.text, other.span().start);
            if site.hosts.is_empty() && known.hosts.is_empty() {
                let text = format!(
                    "this site and that of line {before} name no hosts, so both would be for all \
                     others: add hosts = [\"example.org\"] to one"
                );
                return Err(self.wrong(item.span().start, text));
            }
            let is_known =
                |host: &String| known.hosts.iter().any(|it| it.eq_ignore_ascii_case(host));
            if let Some(number) = site.hosts.iter().position(is_known) {
                let text = format!(
                    "hosts: the site of line {before} is for {} already: remove it from one",
                    site.hosts[number]
                );
                return Err(self.wrong(start_of(item, &format!("hosts.{number}")), text));
            }
        }
        Ok(())
    }

    /// A path that starts where the file is.
    fn path_of(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    fn wrong(&self, at: usize, text: impl std::fmt::Display) -> String {
        format!("{}:{}: {text}", self.path.display(), line(self.text, at))
    }

    /// What the TOML parser or a site's description has to say, in one sentence.
    fn located(&self, error: &toml::de::Error) -> String {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().replace('\n', ", ");
        let before = self.text.get(..at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let rest = self.text.get(start..).unwrap_or_default();
        let known = configurable(self.command).filter_map(name).collect::<Vec<_>>();
        let text = unknown_field(&message, &known)
            .or_else(|| unlike(&message, &before[start..]))
            .or_else(|| no_toml(&message, rest.lines().next().unwrap_or_default()));
        self.wrong(at, text.unwrap_or(message))
    }
}

/// The names of tables as they are written, each once.
fn in_brackets(names: &[String]) -> String {
    let mut names: Vec<_> = names.iter().map(|name| format!("[{name}]")).collect();
    names.dedup();
    names.join(", ")
}

/// What a site has tables for.
const RULES: [&str; 4] = ["cache", "headers", "redirects", "rewrites"];

/// What else only a site has.
const OF_SITE: [&str; 6] =
    ["root", "hosts", "not-found", "clean-urls", "precompressed", "compress"];

/// Serde's sentence about a field that it does not know, with the one that may be meant: of those
/// that it names, an option, or one of another server.
fn unknown_field(message: &str, options: &[&str]) -> Option<String> {
    let mut words = message.strip_prefix("unknown field `")?.split('`').step_by(2);
    let unknown = words.next()?;
    let known: Vec<_> = words.collect();
    if options.contains(&unknown) {
        return Some(format!(
            "{unknown} is for the whole server: write it at the top of the file, before all tables"
        ));
    }
    let near = suggestion(unknown, known.iter().copied());
    if let Some(near) = Some(near).filter(|near| !near.is_empty()).or_else(|| hints::key(unknown)) {
        return Some(format!("there is no key {unknown}{near}"));
    }
    Some(format!("there is no key {unknown} here, only {}", known.join(", ")))
}

/// Serde's sentence about a value of another kind, with the key that is before it in the line.
fn unlike(message: &str, before: &str) -> Option<String> {
    let is_in_list = before.trim_end().ends_with('[');
    let is_of_key = |it: char| it.is_alphanumeric() || it == '-' || it == '_';
    let mut keys =
        before.split('=').filter_map(|part| part.trim_end().rsplit(|it| !is_of_key(it)).next());
    let key = keys.rfind(|key| !key.is_empty()).unwrap_or("this");
    if let Some(missing) = message.strip_prefix("missing field `") {
        let missing = missing.trim_end_matches('`');
        return Some(format!("{missing} is missing, which each of these tables has"));
    }
    if let Some(variant) = message.strip_prefix("unknown variant `") {
        let mut words = variant.split('`').step_by(2);
        let unknown = words.next()?;
        return Some(format!(
            "{key}: '{unknown}' is not one of {}",
            words.collect::<Vec<_>>().join(", ")
        ));
    }
    let found =
        message.strip_prefix("invalid type: ").or(message.strip_prefix("invalid value: "))?;
    let (found, expected) = found.rsplit_once(", expected ")?;
    let wanted = match expected {
        "a boolean" => "true or false, without quotes",
        "a sequence" if found == "map" => {
            return Some("this table is written with [[ and ]]".into());
        }
        "a sequence" => "a list, such as [\"one\", \"two\"]",
        "a string" | "path string" => "a text in quotes",
        "u16" => "a number, without quotes",
        // Serde takes a list for a table whose keys are left out.
        "parsable string" if is_in_list => "a table, such as { KEY = \"VALUE\" }",
        "parsable string" | "an integer or string" => {
            "a size, such as \"512B\", \"16KiB\" or \"1GiB\""
        }
        _ if expected.starts_with("struct ") || expected == "a map" => {
            "a table, such as { KEY = \"VALUE\" }"
        }
        _ => expected,
    };
    let found = match found {
        "sequence" => "a list".to_owned(),
        "map" => "a table".to_owned(),
        _ => found.replace('`', ""),
    };
    Some(format!("{key} has to be {wanted}, and not {found}"))
}

/// The TOML parser's sentence about a line of something else.
fn no_toml(message: &str, line: &str) -> Option<String> {
    let word = line.split_whitespace().next().unwrap_or_default();
    if message == "duplicate key" && line.starts_with("[[site") {
        return Some(
            "site and [[site]] exclude each other: make the directory the root of a [[site]]"
                .into(),
        );
    }
    if message.starts_with("string values must be quoted") {
        return Some("a text has to be in quotes: KEY = \"VALUE\"".into());
    }
    if message.starts_with("invalid ") && !message.starts_with("invalid key") {
        return Some(format!("{message}; a text has to be in quotes: KEY = \"VALUE\""));
    }
    let is_no_pair = message.starts_with("key with no value") || message.starts_with("invalid key");
    is_no_pair.then(|| {
        let is_nginx = line.trim_end().ends_with([';', '{']);
        let hint = match hints::key(word) {
            Some(hint) => format!("; of {word}{hint}"),
            None if is_nginx => "; docs/moving.md says what the words of nginx are here".to_owned(),
            None => String::new(),
        };
        format!("a line of TOML is KEY = \"VALUE\" or [TABLE], and --print-config prints all{hint}")
    })
}

/// Where a value begins that is in another, such as `redirects.0.to`, or as much of it as there is.
fn start_of(value: &Spanned<DeValue<'_>>, path: &str) -> usize {
    let inner = path.split('.').try_fold(value, |value, part| match value.get_ref() {
        DeValue::Table(table) => table.get(part).ok_or(value),
        DeValue::Array(items) => part.parse().ok().and_then(|at: usize| items.get(at)).ok_or(value),
        _ => Err(value),
    });
    let (Ok(found) | Err(found)) = inner;
    found.span().start
}

/// The word of an option with its path changed, if it has one.
pub(super) fn map_path(arg: &Arg, word: OsString, change: impl Fn(&Path) -> PathBuf) -> OsString {
    match arg.get_value_hint() {
        ValueHint::DirPath | ValueHint::FilePath | ValueHint::AnyPath => {
            change(Path::new(&word)).into_os_string()
        }
        _ => match word.to_str().and_then(|word| word.strip_prefix(PATH)) {
            Some(path) if !path.is_empty() => {
                let mut changed = OsString::from(PATH);
                changed.push(change(Path::new(path)));
                changed
            }
            _ => word,
        },
    }
}

/// The table that an option may be in: the first word of the heading in the help.
pub(super) fn table_of(arg: &Arg) -> Option<String> {
    Some(arg.get_help_heading()?.split_whitespace().next()?.to_lowercase())
}

/// The path from the root, so that it is the same wherever it is read.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The text of a value that is neither a list nor a table.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        _ => None,
    }
}

fn text(value: &DeValue<'_>, is_flag: bool) -> Option<String> {
    match value {
        DeValue::Boolean(value) if is_flag => Some(value.to_string()),
        DeValue::String(text) if !is_flag => Some(text.clone().into_owned()),
        DeValue::Integer(number) if !is_flag => Some(number.to_string()),
        _ => None,
    }
}

/// The entries of a table in the order of the file, so that the first mistake is said first.
fn in_order(table: DeTable<'_>) -> impl Iterator<Item = Entry<'_>> {
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries.into_iter()
}

fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::options::Options;

    fn read(text: &str) -> Result<File, String> {
        let (path, command) = (Path::new("src/wtw.toml"), Options::command());
        Reader { path, text, command: &command, file: File::default() }.read()
    }

    #[test]
    fn values_are_words_with_their_line() {
        let text = "max-work = 1_000\n\n[tls]\ntls-cert = [\"lib.rs\", \"cli/mod.rs\"]\n\
                    tls-redirect = true\nhsts = '1d'\n";
        let values = read(text).unwrap().values;
        let values: Vec<_> = values
            .iter()
            .map(|it| (&*it.name, it.words.join(" ".as_ref()), it.source.to_string()))
            .collect();
        let expected = [
            ("max-work", "1000", 1),
            ("tls-cert", "src/lib.rs src/cli/mod.rs", 4),
            ("tls-redirect", "true", 5),
            ("hsts", "1d", 6),
        ];
        let expected = expected
            .map(|(name, words, line)| (name, words.into(), format!("src/wtw.toml:{line}")));
        assert_eq!(values, expected);
    }

    #[test]
    fn the_first_mistake_is_said() {
        for (text, said) in [
            ("zzz = 1\nlisten = 1", "1: there is no key zzz"),
            ("max_work = 1", "1: there is no key max_work; did you mean max-work?"),
            ("config = \"a\"", "1: there is no key config"),
            ("hsts = true", "1: hsts: 'true' must be a time, such as 500ms, 30s or 2m"),
            ("hsts = [\"1d\"]", "1: hsts has to be a text or a number, and this is of type array"),
            ("\n[site]", "2: [site] is written [[site]]"),
            ("[[site]]\nrots = 1", "2: there is no key rots; did you mean root?"),
            (
                "[tls]\nlisten = 'a'",
                "2: listen is not for the table [tls]; did you mean tls-listen?",
            ),
            (
                "x = 1.2.3",
                "1: invalid float, expected nothing; a text has to be in quotes: KEY = \"VALUE\"",
            ),
            (
                "proxy_pass = 'a'",
                "1: there is no key proxy_pass: files are served here to everybody, without other \
                 servers or passwords",
            ),
            (
                "[[site]]\nroot = '.'\nlisting = ['/a', 3]",
                "3: listing has to be a text in quotes, and not integer 3",
            ),
            ("[[site]]\nroot = '.'\n[site.cache]", "3: this table is written with [[ and ]]"),
            ("[[site]]\nroot = 1", "2: root has to be a text in quotes, and not integer 1"),
        ] {
            assert_eq!(read(text).unwrap_err(), format!("src/wtw.toml:{said}"));
        }
    }
}
