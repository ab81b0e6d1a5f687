//! The configuration as text: what is in force, and what there may be.

use std::fmt::Write;

use clap::{Arg, Command};

use crate::cli::configuration::Configuration;
use crate::cli::file::{absolute, map_path, table_of};
use crate::cli::value::{Value, configurable, flag, is_several, name, variable};

/// A configuration file that says what is in force, and in comments who says so.
pub(super) fn print_config(command: &Command, configuration: &Configuration) -> String {
    let mut text = String::new();
    for (table, args) in tables(command) {
        if let Some(table) = table {
            let _ = writeln!(text, "\n[{table}]");
        }
        for arg in args {
            let Some(name) = name(arg) else { continue };
            let value = configuration.values.iter().find(|it| it.name == name);
            let _ = match value {
                Some(value) => writeln!(text, "{name} = {}  # {}", toml(arg, value), value.source),
                None => writeln!(text, "# {name} = {}  # not set", placeholder(arg)),
            };
        }
    }
    if configuration.sites.is_empty() {
        let example = SITE.lines().map(|line| format!("# {line}\n").replace("# \n", "\n"));
        let _ = write!(text, "\n# Sites, of which none is set:\n{}", example.collect::<String>());
    } else {
        let _ = write!(text, "\n{}", configuration.sites);
    }
    text
}

/// A site with all that may be said of it.
const SITE: &str = include_str!("site.toml");

/// The options by the table that they may be in: those first that are in none.
fn tables(command: &Command) -> Vec<(Option<String>, Vec<&Arg>)> {
    let mut tables = vec![(None, Vec::new())];
    for arg in configurable(command) {
        let table = table_of(arg);
        match tables.iter_mut().find(|(name, _)| *name == table) {
            Some((_, args)) => args.push(arg),
            None => tables.push((table, vec![arg])),
        }
    }
    tables
}

fn toml(arg: &Arg, value: &Value) -> String {
    let words = value.words.iter().map(|word| {
        let word = map_path(arg, word.clone(), absolute);
        let word = word.to_string_lossy().into_owned();
        let is_bare = flag(arg) || word.parse::<u64>().is_ok_and(|it| it.to_string() == word);
        if is_bare { word } else { toml::Value::String(word).to_string() }
    });
    let words: Vec<_> = words.collect();
    if is_several(arg) { format!("[{}]", words.join(", ")) } else { words.concat() }
}

fn placeholder(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let name = names.first().map_or("VALUE", |name| name.as_str());
    if is_several(arg) { format!("[\"{name}\"]") } else { format!("\"{name}\"") }
}

/// The reference of all options, in Markdown.
pub(super) fn reference(command: &Command) -> String {
    let mut text = String::new();
    for (table, args) in tables(command) {
        if let Some(table) = table {
            let _ = writeln!(text, "\n### `[{table}]`");
        }
        text.push_str("\n| key | variable | default | |\n|---|---|---|---|\n");
        for arg in args {
            let Some(name) = name(arg) else { continue };
            let default: Vec<_> =
                arg.get_default_values().iter().map(|it| it.to_string_lossy()).collect();
            let default = if flag(arg) { "false".into() } else { default.join(", ") };
            let default = if default.is_empty() { default } else { format!("`{default}`") };
            let values = arg.get_possible_values();
            let values: Vec<_> = values.iter().map(|it| format!("`{}`", it.get_name())).collect();
            let values = if flag(arg) || values.is_empty() {
                String::new()
            } else {
                format!(": {}", values.join(", "))
            };
            let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string);
            let help = help.unwrap_or_default().replace('|', "\\|");
            let variable = variable(name);
            let _ = writeln!(text, "| `{name}` | `{variable}` | {default} | {help}{values} |");
        }
    }
    include_str!("reference.md")
        .replace("{{options}}\n", text.trim_start())
        .replace("{{site}}", SITE)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::site::Settings;

    #[derive(Deserialize)]
    struct File {
        site: Vec<Settings>,
    }

    #[test]
    fn the_example_of_a_site_has_all_keys() {
        let file: File = toml::from_str(SITE).unwrap();
        assert_eq!(file.site.len(), 1);
        // Serde names all fields when it meets one that it does not know.
        for (table, unknown) in [
            ("", "unknown = 1"),
            ("compress", "compress = { unknown = 1 }"),
            ("cache", "cache = [{ unknown = 1 }]"),
            ("headers", "headers = [{ unknown = 1 }]"),
            ("redirects", "redirects = [{ unknown = 1 }]"),
            ("rewrites", "rewrites = [{ unknown = 1 }]"),
        ] {
            let error = toml::from_str::<Settings>(&format!("root = \".\"\n{unknown}"));
            let error = error.unwrap_err();
            let known: Vec<_> = error.message().split('`').skip(3).step_by(2).collect();
            assert!(known.len() > 1, "{error}");
            for key in known {
                let is_there = SITE.contains(&format!("{key} = "))
                    || SITE.contains(&format!("[[site.{key}]]"));
                assert!(is_there, "{key} of {table:?}");
            }
        }
    }
}
