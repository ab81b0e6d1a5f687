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

use crate::cli::value::{Source, Value, configurable, flag, is_several, name, problem, suggestion};
use crate::site::Settings;

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
        let text = std::fs::read_to_string(path).map_err(|error| {
            format!("cannot read the configuration {}: {error}", path.display())
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
        match (&**key.get_ref(), value.get_ref()) {
            ("site", DeValue::Table(_)) => Err(self.wrong(at, "[site] is written [[site]]")),
            ("site", DeValue::Array(_)) => self.sites(value),
            (group, DeValue::Table(_)) => {
                let groups: Vec<_> = configurable(self.command).filter_map(table_of).collect();
                if !groups.iter().any(|it| it == group) {
                    let near = suggestion(group, groups.iter().map(String::as_str));
                    return Err(self.wrong(at, format!("there is no table [{group}]{near}")));
                }
                let group = group.to_owned();
                let DeValue::Table(table) = value.into_inner() else { return Ok(()) };
                in_order(table).try_for_each(|(key, value)| self.option(Some(&group), &key, &value))
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
                None => suggestion(key, configurable(command).filter_map(name)),
            };
            return Err(self.wrong(at, format!("there is no key {key}{near}")));
        };
        if let Some(table) = table
            && table_of(arg).as_deref() != Some(table)
        {
            return Err(self.wrong(at, format!("{key} is not for the table [{table}]")));
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
                let wanted = if flag(arg) { "true or false" } else { "a text or a number" };
                let found = item.get_ref().type_str();
                let text = format!("{key} has to be {wanted}, and this is of type {found}");
                return Err(self.wrong(at, text));
            };
            let word = match arg.get_value_hint() {
                ValueHint::DirPath | ValueHint::FilePath | ValueHint::AnyPath => {
                    self.path_of(Path::new(&text)).into_os_string()
                }
                _ => text.into(),
            };
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
            if !site.root.is_dir() {
                let text = format!("root: '{}' is not a directory", site.root.display());
                return Err(self.wrong(item.span().start, text));
            }
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
        self.wrong(at, unknown_field(&message).unwrap_or(message))
    }
}

/// Serde's sentence about a field that it does not know, with the one that may be meant.
fn unknown_field(message: &str) -> Option<String> {
    let mut words = message.strip_prefix("unknown field `")?.split('`').step_by(2);
    let unknown = words.next()?;
    let known: Vec<_> = words.collect();
    let near = suggestion(unknown, known.iter().copied());
    if near.is_empty() {
        return Some(format!("there is no key {unknown} here, only {}", known.join(", ")));
    }
    Some(format!("there is no key {unknown}{near}"))
}

/// The table that an option may be in: the first word of the heading in the help.
pub(super) fn table_of(arg: &Arg) -> Option<String> {
    Some(arg.get_help_heading()?.split_whitespace().next()?.to_lowercase())
}

/// The path from the root, so that it is the same wherever it is read.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
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
        let (path, command) = (Path::new("etc/wtw.toml"), Options::command());
        Reader { path, text, command: &command, file: File::default() }.read()
    }

    #[test]
    fn values_are_words_with_their_line() {
        let text = "max-work = 1_000\n\n[tls]\ntls-cert = [\"a.pem\", \"/b.pem\"]\n\
                    tls-redirect = true\nhsts = '1d'\n";
        let values = read(text).unwrap().values;
        let values: Vec<_> = values
            .iter()
            .map(|it| (&*it.name, it.words.join(" ".as_ref()), it.source.to_string()))
            .collect();
        let expected = [
            ("max-work", "1000", 1),
            ("tls-cert", "etc/a.pem /b.pem", 4),
            ("tls-redirect", "true", 5),
            ("hsts", "1d", 6),
        ];
        let expected = expected
            .map(|(name, words, line)| (name, words.into(), format!("etc/wtw.toml:{line}")));
        assert_eq!(values, expected);
    }

    #[test]
    fn the_first_mistake_is_said() {
        for (text, said) in [
            ("zzz = 1\nlisten = 1", "1: there is no key zzz"),
            ("max_work = 1", "1: there is no key max_work; did you mean max-work?"),
            ("config = \"a\"", "1: there is no key config"),
            ("hsts = 1.5", "1: hsts has to be a text or a number, and this is of type float"),
            ("hsts = [\"1d\"]", "1: hsts has to be a text or a number, and this is of type array"),
            ("\n[site]", "2: [site] is written [[site]]"),
            ("[[site]]\nrots = 1", "2: there is no key rots; did you mean root?"),
            ("[[site]]\nroot = 1", "2: invalid type: integer `1`, expected path string"),
        ] {
            assert_eq!(read(text).unwrap_err(), format!("etc/wtw.toml:{said}"));
        }
    }
}
