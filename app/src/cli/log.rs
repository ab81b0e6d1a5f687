//! The log: its filter, its format, and panics in it.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal};

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::error::Error;
use crate::cli::options::{LogFormat, Options};
use crate::console::Console;

/// Has what happens written to the log, and panics among it. `RUST_LOG` says what, as far as it
/// says anything: `warn,backend_common=debug`, for example.
///
/// # Errors
/// If it says something that cannot be understood.
pub(super) fn start(options: &Options, log: &Console) -> Result<(), Error> {
    let asked = std::env::var("RUST_LOG").unwrap_or_default();
    let targets = if asked.is_empty() {
        let (all, ours) = match (options.quiet, options.verbose) {
            (true, _) => (LevelFilter::ERROR, LevelFilter::ERROR),
            (_, true) => (LevelFilter::WARN, LevelFilter::DEBUG),
            _ => (LevelFilter::WARN, LevelFilter::INFO),
        };
        // Prefixes of our crates' names.
        Targets::new().with_default(all).with_targets([("app", ours), ("backend_", ours)])
    } else {
        asked.parse().map_err(Error::Filter)?
    };
    let log = log.clone();
    let is_coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let is_json = match options.logs.log_format {
        LogFormat::Auto => !io::stderr().is_terminal(),
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(is_coloured && !is_json)
        .log_internal_errors(false)
        .with_writer(move || log.clone());
    let lines = if is_json { lines.json().boxed() } else { lines.boxed() };
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// A line for a panic, and its backtrace where `RUST_BACKTRACE` asks for one.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("(no text)").lines().collect::<Vec<_>>().join(" ");
    let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("without a name");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!("panic in the thread {name}{place}: {text}\n{backtrace}");
    } else {
        tracing::error!("panic in the thread {name}{place}: {text}");
    }
}
