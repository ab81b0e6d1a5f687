//! The log: its filter, its format, and panics in it.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal};

use tracing::Metadata;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt, LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::error::Error;
use crate::cli::options::{LogFormat, Options};
use crate::console::Console;
use crate::telemetry::otlp::LogLayer;

/// Has what happens written to the log, and panics among it. `RUST_LOG` says what, as far as it
/// says anything: `warn,backend_common=debug`, for example. What is written is told to `further`,
/// too.
///
/// # Errors
/// If it says something that cannot be understood.
pub(super) fn start(
    options: &Options,
    log: &Console,
    further: Option<LogLayer>,
) -> Result<(), Error> {
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
    let layers = [Some(lines), further].into_iter().flatten();
    // With a hint, or no line of the code that is not logged would be passed over at once.
    let unrepeated = filter_fn(|event| !is_repeated(event)).with_max_level_hint(LevelFilter::TRACE);
    let filter = targets.and(unrepeated);
    let layers: Vec<_> = layers.map(|layer| layer.with_filter(filter.clone())).collect();
    tracing_subscriber::registry().with(layers).init();
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Whether OpenTelemetry's SDK says with each batch that it has failed, which its client in
/// `telemetry::otlp` says once; or of each line after the end that it comes too late.
fn is_repeated(event: &Metadata<'_>) -> bool {
    let name = event.name();
    event.target().starts_with("opentelemetry")
        && (name.contains("Export") || name.ends_with("AfterShutdown"))
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
