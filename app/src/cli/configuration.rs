//! The configuration: the options, put together of the command line, the environment, a file and
//! defaults, in this order of precedence.
//!
//! Each source gives values in words. Those that have the say are made a command line again, so
//! that whatever holds for an option holds wherever its value is from.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

use clap::error::{ErrorKind, Result};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, Error, FromArgMatches};

use crate::cli::file::File;
use crate::cli::options::Options;
use crate::cli::value::{
    Source, Value, configurable, flag, is_several, name, nearest, problem, variable,
};
use crate::cli::{hints, requirements};

/// What a server is to do, and who says so.
pub(super) struct Configuration {
    command: Command,
    command_line: Vec<OsString>,
    pub(super) options: Options,
    /// The value of each option that has one.
    pub(super) values: Vec<Value>,
    /// The sites of the file, as they are written there.
    pub(super) sites: toml::Table,
    /// Sentences on what may be a mistake.
    pub(super) warnings: Vec<String>,
}

impl Configuration {
    /// Reads all sources.
    ///
    /// # Errors
    /// If one cannot be read or has something wrong in it, or if they do not go together.
    pub(super) fn read(command: Command, command_line: Vec<OsString>) -> Result<Self> {
        let mut values = from_command_line(&command, &command_line)?;
        let from_environment = from_environment(&command, |name| std::env::var_os(name));
        add(&mut values, from_environment.map_err(one_sentence)?);
        let mut sites = toml::Table::new();
        let mut settings = Vec::new();
        if let Some(config) = values.iter().find(|it| it.name == "config") {
            let path = PathBuf::from(&config.words[0]);
            let file = File::read(&path, &command).map_err(one_sentence)?;
            add(&mut values, file.values);
            (sites, settings) = (file.tables, file.sites);
        }
        add(&mut values, defaults(&command));
        requirements::check(&values, settings.len()).map_err(one_sentence)?;
        let mut options = options(&command, &values)?;
        options.sites = settings;
        check_directory(&options, &values).map_err(one_sentence)?;
        let warnings = unknown_variables(&command);
        Ok(Configuration { command, command_line, options, values, sites, warnings })
    }

    /// Reads all sources once more.
    ///
    /// # Errors
    /// As [`Configuration::read`].
    pub(super) fn read_again(&self) -> Result<Self> {
        Configuration::read(self.command.clone(), self.command_line.clone())
    }

    /// The beginning of a sentence about the value of an option: where it is to be mended.
    pub(super) fn place(&self, name: &str) -> String {
        place(&self.values, name)
    }

    /// The names of the options whose values differ, and `[[site]]` if the sites do.
    pub(super) fn differences<'a>(&'a self, other: &'a Configuration) -> Vec<&'a str> {
        let words = |values: &'a [Value], name: &str| {
            values.iter().find(|it| it.name == name).map(|it| &it.words)
        };
        let names = self.values.iter().chain(&other.values).map(|it| &*it.name);
        let mut names: Vec<_> =
            names.filter(|name| words(&self.values, name) != words(&other.values, name)).collect();
        names.sort_unstable();
        names.dedup();
        names.extend((self.sites != other.sites).then_some("[[site]]"));
        names
    }
}

/// Checks the site of the directory that options name.
///
/// # Errors
/// A sentence on what cannot be meant, and the source of the option.
fn check_directory(options: &Options, values: &[Value]) -> std::result::Result<(), String> {
    let Some(settings) = options.site_of_directory() else { return Ok(()) };
    settings.check().map_err(|problem| {
        let name = if problem.key == "root" { "site" } else { &problem.key };
        format!("{}{}", place(values, name), problem.text)
    })
}

fn place(values: &[Value], name: &str) -> String {
    let value = values.iter().find(|it| it.name == name);
    value.map_or_else(String::new, |value| format!("{}: ", value.place()))
}

/// An error that is one sentence.
pub(super) fn one_sentence(text: impl fmt::Display) -> Error {
    Error::raw(ErrorKind::ValueValidation, format!("{text}\n"))
}

/// Adds what has not been said yet.
fn add(values: &mut Vec<Value>, further: Vec<Value>) {
    for value in further {
        if values.iter().all(|it| it.name != value.name) {
            values.push(value);
        }
    }
}

fn from_command_line(command: &Command, words: &[OsString]) -> Result<Vec<Value>> {
    let matches = command.clone().try_get_matches_from(words).map_err(hints::explained)?;
    let given = command.get_arguments().filter_map(|arg| {
        let id = arg.get_id().as_str();
        let is_given = matches.value_source(id) == Some(ValueSource::CommandLine);
        let words = is_given.then(|| raw(&matches, id))?;
        let name = arg.get_long().unwrap_or("site").to_owned(); // DIR
        Some(Value { name, words, source: Source::CommandLine })
    });
    Ok(given.collect())
}

fn raw(matches: &ArgMatches, id: &str) -> Vec<OsString> {
    matches.get_raw(id).into_iter().flatten().map(OsStr::to_owned).collect()
}

fn from_environment(
    command: &Command,
    get: impl Fn(&str) -> Option<OsString>,
) -> std::result::Result<Vec<Value>, String> {
    let mut values = Vec::new();
    let config = command.get_arguments().filter(|arg| name(arg) == Some("config"));
    for arg in configurable(command).chain(config) {
        let Some(name) = name(arg) else { continue };
        let variable = variable(name);
        let Some(text) = get(&variable).filter(|text| !text.is_empty()) else { continue };
        let words = match text.to_str() {
            Some(text) if is_several(arg) => text.split(',').map(OsString::from).collect(),
            _ => vec![text],
        };
        if let Some(what) = words.iter().find_map(|word| problem(command, arg, word)) {
            return Err(format!("{variable}: {what}"));
        }
        values.push(Value { name: name.to_owned(), words, source: Source::Environment });
    }
    Ok(values)
}

/// Warnings about variables that look like options and are none.
fn unknown_variables(command: &Command) -> Vec<String> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let ours = ["config", "handover"]; // the latter is what a server that takes over is told by
    let known: Vec<_> = configurable(command).filter_map(name).chain(ours).collect();
    let warn = |(variable, value): (String, String)| {
        let name = variable.strip_prefix("WTW_")?.replace('_', "-").to_lowercase();
        if known.contains(&&*name) || is_of_kubernetes(&name, &value) {
            return None;
        }
        let near = nearest(&name, known.iter().copied()).map(self::variable);
        let what = near
            .map_or("and nothing is done with it".into(), |near| format!("did you mean {near}?"));
        Some(format!("{variable} in the environment is no option; {what}"))
    };
    variables.filter_map(warn).collect()
}

/// Whether Kubernetes sets this variable, for a service of this name: `WTW_SERVICE_HOST`,
/// `WTW_PORT_80_TCP_ADDR`.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    let is_of = |start: &str| name.starts_with(start) || name.contains(&format!("-{start}"));
    is_of("service-host")
        || is_of("service-port")
        || name.ends_with("port") && value.contains("://")
        || ["-tcp", "-udp", "-sctp"].iter().any(|protocol| name.contains(protocol))
            && is_of("port-")
}

fn defaults(command: &Command) -> Vec<Value> {
    let value = |arg: &Arg| {
        let words: Vec<_> = arg.get_default_values().iter().map(Into::into).collect();
        let words = if flag(arg) { vec!["false".into()] } else { words };
        let name = name(arg)?.to_owned();
        (!words.is_empty()).then_some(Value { name, words, source: Source::Default })
    };
    configurable(command).filter_map(value).collect()
}

/// The options of a command line that says the same.
fn options(command: &Command, values: &[Value]) -> Result<Options> {
    let mut words = vec![OsString::from(command.get_name())];
    for value in values {
        let arg = command.get_arguments().find(|arg| name(arg) == Some(&value.name));
        let takes_none = arg.is_some_and(|arg| matches!(arg.get_action(), ArgAction::SetTrue));
        for word in &value.words {
            let mut option = OsString::from(format!("--{}", value.name));
            match word.to_str() {
                Some("true") if takes_none => {}
                Some("false") if takes_none => continue,
                _ => {
                    option.push("=");
                    option.push(word);
                }
            }
            words.push(option);
        }
    }
    Options::from_arg_matches(&command.clone().try_get_matches_from(words)?)
}
