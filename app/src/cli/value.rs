//! The value of an option in words, wherever it is from.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

/// A value, and who says so.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    /// The long name of the option.
    pub(super) name: String,
    /// One, or several if the option may be given several times.
    pub(super) words: Vec<OsString>,
    pub(super) source: Source,
}

/// Where a value is from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    CommandLine,
    Environment,
    /// File and line.
    File(String, usize),
    Default,
}

impl Value {
    /// Where a mistake in it is to be mended: the option, the variable, or the line of a file.
    pub(super) fn place(&self) -> String {
        let name = self.source.name(&self.name);
        match &self.source {
            Source::File(..) => format!("{}: {name}", self.source),
            Source::Default => format!("{name} (by default)"),
            _ => name,
        }
    }
}

impl Source {
    /// What an option is called there.
    pub(super) fn name(&self, option: &str) -> String {
        match self {
            Source::CommandLine => format!("--{option}"),
            Source::Environment => variable(option),
            Source::File(..) | Source::Default => option.to_owned(),
        }
    }
}

/// The name of the environment variable of an option.
pub(super) fn variable(name: &str) -> String {
    format!("WTW_{}", name.replace('-', "_").to_uppercase())
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::CommandLine => f.write_str("command line"),
            Source::Environment => f.write_str("environment"),
            Source::File(path, line) => write!(f, "{path}:{line}"),
            Source::Default => f.write_str("default"),
        }
    }
}

/// Options that say what the program is to do at once, which no file or variable has a say in.
const ON_THE_COMMAND_LINE: [&str; 6] =
    ["config", "check-config", "print-config", "completions", "man", "reference"];

/// The options that a file or a variable may have.
pub(super) fn configurable(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_configurable =
        |arg: &&Arg| name(arg).is_some_and(|name| !ON_THE_COMMAND_LINE.contains(&name));
    command.get_arguments().filter(is_configurable)
}

/// The long name of an option.
pub(super) fn name(arg: &Arg) -> Option<&str> {
    arg.get_long()
}

/// Whether an option is either given or not.
pub(super) fn flag(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// Whether an option may be given several times.
pub(super) fn is_several(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// What is wrong with a value of an option, if anything is.
pub(super) fn problem(command: &Command, arg: &Arg, value: &OsStr) -> Option<String> {
    let shown = value.to_string_lossy();
    if flag(arg) {
        let is_right = ["true", "false"].contains(&&*shown);
        return (!is_right).then(|| format!("'{shown}' is neither true nor false"));
    }
    let mut option = OsString::from(format!("--{}=", name(arg)?));
    option.push(value);
    let words = [OsString::from(command.get_name()), option];
    let error = command.clone().try_get_matches_from(words).err()?;
    match error.kind() {
        ErrorKind::ValueValidation => {
            Some(format!("'{shown}' {}", error.source().map_or_else(String::new, complaint)))
        }
        ErrorKind::InvalidValue => {
            let values = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(values)) => &values[..],
                _ => &[],
            };
            let file = format!("{}-file", name(arg)?);
            let has_file = command.get_arguments().any(|arg| name(arg) == Some(&file));
            let near = match has_file && shown.contains('/') {
                true => format!("; the file is {file}"),
                false => suggestion(&shown, values.iter().map(String::as_str)),
            };
            Some(format!("'{shown}' is not one of {}{near}", values.join(", ")))
        }
        _ => None, // what else is wanted is asked when all is known
    }
}

/// What is said of a value, as the rest of a sentence.
fn complaint(error: &(dyn Error + 'static)) -> String {
    let text = error.to_string();
    if text.starts_with("must") || text.starts_with("is ") {
        text
    } else {
        format!("cannot be taken: {text}")
    }
}

/// The end of a sentence about a word that is unknown: the one that may be meant.
pub(super) fn suggestion<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |it| format!("; did you mean {it}?"))
}

/// The word that may be meant by one that is unknown.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |it: &&str| strsim::jaro_winkler(word, it);
    let nearest = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.filter(|it| likeness(it) > 0.8)
}
