//! The command line that the backends' `main`s and `wtw` share.
//!
//! * `options`: what may be said, with `parsers` of values, and `requirements` of options on each
//!   other; `command`: how; `error`: why it cannot be done; `hints`: what others call it;
//! * `configuration`: all sources of options put together, of which each says a `value` in words;
//!   `file`: one of them; `show`: what they come to, as text;
//! * `backend`: a backend that is chosen when the program runs;
//! * `place`: where a listener is; `tls`, `listen`, `log`: what is made ready;
//! * `serve`: how it is put together and run; `observed`: what watches it; `reload`: the
//!   configuration read again.

mod backend;
mod command;
mod configuration;
mod error;
mod file;
mod hints;
mod listen;
mod log;
mod observed;
mod options;
mod parsers;
mod place;
mod reload;
mod requirements;
mod serve;
mod show;
mod tls;
mod value;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use backend_common::Backend;

pub use crate::cli::backend::AnyBackend;
use crate::cli::command::{Order, parse};
use crate::console::Console;
use crate::operation::Inherited;

/// How long the last lines may take to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Runs a server on one backend, as the command line says, until it is shut down.
///
/// The exit code is 0 after a graceful shutdown, 2 for a wrong command line, 1 for all else.
#[must_use]
pub fn main<B: Backend>() -> ExitCode {
    main_with(&format!("backend-{}", B::NAME), &[AnyBackend::of::<B>()])
}

/// Does what [`main`] does, on the backend of these that the command line names. Unless it names
/// one, the first is taken for which the system has what it needs.
///
/// # Panics
/// Without any backend.
#[must_use]
pub fn main_with(program: &str, backends: &[AnyBackend]) -> ExitCode {
    let words = std::env::args_os().collect();
    let (configuration, backend) = match parse(program, backends, words) {
        Ok(Order::Serve(configuration, backend)) => (configuration, backend),
        Ok(Order::Print(text)) => {
            // A reader that has had enough is no failure of ours.
            let _ = io::stdout().write_all(&text);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    // It changes the environment, so it comes before any thread.
    let inherited = match Inherited::take() {
        Ok(inherited) => inherited,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: cannot use a socket that was passed: {error}");
            return ExitCode::FAILURE;
        }
    };
    let consoles = Console::start("stdout", io::stdout())
        .and_then(|out| Ok((out, Console::start("stderr", io::stderr())?)));
    let (out, log) = match consoles {
        Ok(consoles) => consoles,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: cannot start a thread: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = (backend.serve)(*configuration, inherited, &out, &log);
    if let Err(error) = &result {
        log.say(format_args!("error: {error}"));
    }
    let by = Instant::now() + LAST_LINES;
    out.finish(by);
    log.finish(by);
    if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
