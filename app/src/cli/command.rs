//! The command line of a program: the options, with what depends on the program and its backends.

use std::ffi::OsString;
use std::io::Write;

use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory};

use crate::cli::backend::{AnyBackend, Model, choose};
use crate::cli::configuration::{Configuration, one_sentence};
use crate::cli::error::Error;
use crate::cli::options::Options;
use crate::cli::serve::check;
use crate::cli::show;

/// The options that `-h` shows; `--help` shows all.
const FIRST: [&str; 10] = [
    "listen",
    "listing",
    "fallback",
    "backend",
    "config",
    "verbose",
    "tls_listen",
    "tls_cert",
    "tls_key",
    "tls_self_signed",
];

/// The command line of a program with these backends.
pub(super) fn command(program: &str, backends: &[AnyBackend]) -> Command {
    let names = backends.iter().map(|it| it.name);
    let models = backends.iter().flat_map(|it| it.models.iter().map(|model| model.name));
    let command = Options::command()
        .name(program.to_owned())
        .after_help("--help shows all options, with examples.")
        .after_long_help(examples(program))
        .mut_arg("backend", |arg| {
            arg.value_parser(PossibleValuesParser::new(names)).hide(backends.len() == 1)
        })
        .mut_arg("model", |arg| {
            let has_choice = backends.iter().any(|it| it.models.len() > 1);
            arg.value_parser(PossibleValuesParser::new(models))
                .hide(!has_choice)
                .help(about_models(backends))
        });
    let command = match backends {
        [only] => {
            let about = "One HTTP server, several ways to wait: this is backend-";
            command.about(format!("{about}{}.", only.name))
        }
        _ => command,
    };
    command.mut_args(|arg| {
        let is_first = arg.is_positional() || FIRST.contains(&arg.get_id().as_str());
        arg.hide_short_help(!is_first)
    })
}

/// What the models are, in the words of the backends.
fn about_models(backends: &[AnyBackend]) -> String {
    let list = |models: &[Model]| {
        let list = models.iter().map(|it| format!("{}: {}", it.name, it.summary));
        list.collect::<Vec<_>>().join("; ")
    };
    let text = match backends {
        [only] => list(&only.models),
        _ => {
            let several = backends.iter().filter(|it| it.models.len() > 1);
            let list = several.map(|it| format!("of {}, {}", it.name, list(&it.models)));
            list.collect::<Vec<_>>().join("; ")
        }
    };
    format!("Variant of the concurrency model [default: the first of a backend] ({text})")
}

/// What follows the options in `--help`.
fn examples(program: &str) -> String {
    format!(
        "\
Examples:
  {program} dist
      serves the directory dist at http://127.0.0.1:8080/
  {program} dist --listen 0.0.0.0:80
      for everybody who can reach this machine
  {program} dist --fallback index.html
      a single-page application, which has its routes in the browser
  {program} dist --tls-listen 127.0.0.1:8443 --tls-self-signed
      over HTTPS as well, with a certificate for development
  {program} dist --listen 0.0.0.0:80 --tls-listen 0.0.0.0:443 --tls-cert chain.pem \\
        --tls-key key.pem --tls-redirect --hsts 365d
      over HTTPS in earnest; certificates are read again when they change
  {program} dist --data uploads
      takes uploads as well: curl -T FILE http://127.0.0.1:8080/files/NAME
  {program} --print-config > wtw.toml; {program} --config wtw.toml
      from a file, which has several sites, redirects, headers and rules for caches besides

Signals: SIGTERM and Ctrl-C stop gracefully, and at once when they come again. SIGHUP reads the
configuration and the certificates again. SIGUSR1 opens the access log's file again, and so does
SIGHUP. SIGUSR2 hands over to a new program, without a lost connection.

Each option can also be in the environment: --max-work as WTW_MAX_WORK. In a file, it is
max-work = 100. A pattern such as match = \"/blog/**\" has * for any text without a slash and ** for
any text; $1 in to = \"/news/$1\" is what the first of them matched. docs/moving.md has what nginx,
Caddy and others call it."
    )
}

/// What a command line asks for.
pub(super) enum Order<'a> {
    /// To serve.
    Serve(Box<Configuration>, &'a AnyBackend),
    /// To print this, and no more.
    Print(Vec<u8>),
}

/// Reads the configuration: a command line, and what it leaves open.
///
/// # Errors
/// If it is wrong, or asks for help.
pub(super) fn parse<'a>(
    program: &str,
    backends: &'a [AnyBackend],
    words: Vec<OsString>,
) -> Result<Order<'a>, clap::Error> {
    let mut command = command(program, backends);
    let configuration = Configuration::read(command.clone(), words)?;
    let options = &configuration.options;
    let mut text = Vec::new();
    if let Some(shell) = options.completions {
        clap_complete::generate(shell, &mut command, program, &mut text);
        return Ok(Order::Print(text));
    }
    if options.man {
        // The page is of what --help says, which the short help does not.
        let command = command.mut_args(|arg| arg.hide_short_help(false));
        clap_mangen::Man::new(command).render(&mut text)?;
        return Ok(Order::Print(text));
    }
    if options.reference {
        return Ok(Order::Print(show::reference(&command).into()));
    }
    let backend = choose(backends, options)
        .map_err(|what| one_sentence(format!("{}{what}", configuration.place("model"))))?;
    if options.check_config {
        for warning in &configuration.warnings {
            let _ = writeln!(text, "warning: {warning}");
        }
        return match check(options) {
            Ok(()) => {
                text.extend_from_slice(b"The configuration is right.\n");
                Ok(Order::Print(text))
            }
            Err(error) => {
                let place = match error {
                    Error::Certificates(_) => configuration.place("tls-cert"),
                    Error::Data(..) => configuration.place("data"),
                    _ => String::new(),
                };
                Err(one_sentence(format!("{place}{error}")))
            }
        };
    }
    if options.print_config {
        return Ok(Order::Print(show::print_config(&command, &configuration).into()));
    }
    Ok(Order::Serve(Box::new(configuration), backend))
}
