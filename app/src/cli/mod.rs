//! The command line that the backends' `main`s share.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use backend_common::{Backend, Limits, Server, ShutdownHandle, socket};
use bytesize::ByteSize;
use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser};
use humantime::parse_duration;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::certificates::{self, Certificates};
use crate::console::Console;
use crate::store::Store;
use crate::{App, Https, signals};

/// One HTTP server, several ways to wait.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Options {
    /// Address and port to listen on; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
    listen: String,
    /// Serve this directory at /, and nothing else [default: the demonstration]
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// Serve the demonstration as well, before the site
    #[arg(long, requires = "site")]
    demo: bool,
    /// Answer /healthz as well, before the site
    #[arg(long, requires = "site")]
    healthz: bool,
    /// Take uploads at /files, from anybody, and keep them in this directory
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Variant of the concurrency model
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Threads that drive connections [default: one for each processor; the pool of sync: 64]
    #[arg(long, value_name = "N", value_parser = some_threads)]
    threads: Option<usize>,
    /// Threads for blocking work [default: two for each processor]
    #[arg(long, value_name = "N", value_parser = some_threads)]
    workers: Option<usize>,
    /// Connections at once; further ones wait to be accepted
    #[arg(long, value_name = "N", default_value = "10000", value_parser = at_least_one)]
    max_connections: usize,
    /// Pieces of work that run or wait to; further ones are answered 503
    #[arg(long, value_name = "N", default_value = "4096", value_parser = at_least_one)]
    max_work: usize,
    /// How long requests under way may take to finish after the order to stop
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    shutdown_timeout: Duration,
    /// Say nothing but errors
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Say also who was refused and why, and how connections end
    #[arg(
        long,
        short,
        long_help = "Say also who was refused and why, and how connections end. In place of -q \
                     and -v, RUST_LOG says what is logged, such as warn,backend_common=debug"
    )]
    verbose: bool,
    #[command(flatten)]
    tls: TlsOptions,
    #[command(flatten)]
    limits: LimitOptions,
}

/// Whether, where and with which certificates TLS is spoken.
#[derive(Args)]
#[command(next_help_heading = "TLS")]
struct TlsOptions {
    /// Address and port to speak TLS at, besides --listen
    #[arg(long, value_name = "ADDR", value_parser = address)]
    tls_listen: Option<String>,
    /// Certificate chain (PEM); with several, the client's SNI chooses. Read again on SIGHUP and when
    /// it changes
    #[arg(long, value_name = "FILE", requires = "tls_listen", requires = "tls_key")]
    tls_cert: Vec<PathBuf>,
    /// Private key (PEM) of each certificate, in the same order
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Vec<PathBuf>,
    /// A certificate for localhost that nobody trusts, for development; kept for the next time
    #[arg(long, requires = "tls_listen", conflicts_with = "tls_cert")]
    tls_self_signed: bool,
    /// Answer plain HTTP with a redirect to --tls-listen
    #[arg(long, requires = "tls_listen")]
    tls_redirect: bool,
    /// Tell clients over TLS not to try plain HTTP for so long (HSTS)
    #[arg(long, value_name = "TIME", requires = "tls_listen", value_parser = some_seconds)]
    hsts: Option<Duration>,
    /// Longest time from the connection to the end of the handshake
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    handshake_timeout: Duration,
}

/// What is not said stays as it is in [`Limits::default`].
#[derive(Args)]
#[command(next_help_heading = "Limits of each connection (sizes such as 16KiB, times such as 30s)")]
struct LimitOptions {
    /// Longest request line [default: 8 KiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_request_line: Option<ByteSize>,
    /// Longest request head [default: 16 KiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_head: Option<ByteSize>,
    /// Most fields in a head, up to 128 [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=128))]
    max_fields: Option<u64>,
    /// Longest request body [default: 1 GiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_body: Option<ByteSize>,
    /// Longest request body that is kept in memory [default: 1 MiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_collect: Option<ByteSize>,
    /// Longest sum of chunk extensions in a body [default: 16 KiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_chunk_extensions: Option<ByteSize>,
    /// Most of an unwanted body that is read to keep the connection [default: 256 KiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_discard: Option<ByteSize>,
    /// Most unsent output before a connection has to wait [default: 64 KiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    high_water: Option<ByteSize>,
    /// Requests that an HTTP/2 connection may have under way at once [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_streams: Option<u32>,
    /// Longest silence between requests [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    idle_timeout: Option<Duration>,
    /// Longest time for a head to arrive [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    head_timeout: Option<Duration>,
    /// Longest time for a body to advance by a KiB [default: 20s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    body_timeout: Option<Duration>,
    /// Longest time for output to advance by a KiB [default: 20s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    write_timeout: Option<Duration>,
    /// Longest silence of the peer after we have closed, for 30s in all [default: 2s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    linger_timeout: Option<Duration>,
}

impl LimitOptions {
    fn limits(&self) -> Limits {
        let or = Limits::default();
        let size = |size: Option<ByteSize>| {
            size.map(|size| usize::try_from(size.as_u64()).unwrap_or(usize::MAX))
        };
        Limits {
            max_request_line: size(self.max_request_line).unwrap_or(or.max_request_line),
            max_head: size(self.max_head).unwrap_or(or.max_head),
            max_fields: self
                .max_fields
                .map_or(or.max_fields, |it| usize::try_from(it).unwrap_or(1)),
            max_body: self.max_body.map_or(or.max_body, |size| size.as_u64()),
            max_collect: size(self.max_collect).unwrap_or(or.max_collect),
            high_water: size(self.high_water).unwrap_or(or.high_water).max(1),
            idle_timeout: self.idle_timeout.unwrap_or(or.idle_timeout),
            head_timeout: self.head_timeout.unwrap_or(or.head_timeout),
            body_timeout: self.body_timeout.unwrap_or(or.body_timeout),
            write_timeout: self.write_timeout.unwrap_or(or.write_timeout),
            max_chunk_extensions: size(self.max_chunk_extensions)
                .unwrap_or(or.max_chunk_extensions),
            max_discard: self.max_discard.map_or(or.max_discard, |size| size.as_u64()),
            max_streams: self.max_streams.unwrap_or(or.max_streams),
            linger_timeout: self.linger_timeout.unwrap_or(or.linger_timeout),
        }
    }
}

/// An address and a port. Whether there is such an address shows when it is bound.
fn address(text: &str) -> Result<String, String> {
    let is_whole = |(host, port): (&str, &str)| !host.is_empty() && port.parse::<u16>().is_ok();
    if text.rsplit_once(':').is_some_and(is_whole) {
        return Ok(text.to_owned());
    }
    Err("must be an address and a port, such as 127.0.0.1:8080, [::1]:8080, or 0.0.0.0:8080 for all \
         addresses of this machine"
        .into())
}

fn size(text: &str) -> Result<ByteSize, String> {
    text.parse().map_err(|_| "must be a size, such as 512B, 16KiB or 1GiB".into())
}

fn time(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|_| "must be a time, such as 500ms, 30s or 2m".into())
}

/// A number of things of which there must be some.
fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("not a whole number".into()),
    }
}

/// A time of which something is left in whole seconds.
fn some_seconds(text: &str) -> Result<Duration, String> {
    let time = time(text)?;
    if time.as_secs() == 0 { Err("must be at least 1s".into()) } else { Ok(time) }
}

/// A number of threads that a system can be expected to have.
fn some_threads(text: &str) -> Result<usize, String> {
    const MOST: usize = 4096;
    match at_least_one(text)? {
        number if number > MOST => Err(format!("must be at most {MOST}")),
        number => Ok(number),
    }
}

/// How long the last lines may take to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Runs the demo server on a backend, as the command line says, until it is told to stop.
///
/// The exit code is 0 after a graceful shutdown, 2 for a wrong command line, 1 for all else.
#[must_use]
pub fn main<B: Backend>() -> ExitCode {
    let matches = match parse::<B>(std::env::args_os()) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
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
    let result = Options::from_arg_matches(&matches)
        .map_err(|error| error.to_string())
        .and_then(|options| serve::<B>(&options, &out, &log));
    if let Err(error) = &result {
        log.say(format_args!("error: {error}"));
    }
    let by = Instant::now() + LAST_LINES;
    out.finish(by);
    log.finish(by);
    if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Reads the command line of a backend, whose models are the possible ones.
fn parse<B: Backend>(words: impl Iterator<Item = OsString>) -> Result<ArgMatches, clap::Error> {
    let models = B::MODELS.iter().map(|(_, name, _)| *name);
    let about = format!("One HTTP server, several ways to wait: this is backend-{}.", B::NAME);
    let list = B::MODELS.iter().map(|(_, name, what)| format!("{name}: {what}"));
    let help =
        format!("Variant of the concurrency model ({})", list.collect::<Vec<_>>().join("; "));
    let mut command = Options::command().name(format!("backend-{}", B::NAME)).about(about).mut_arg(
        "model",
        |model| {
            let model = model.default_value(B::MODELS[0].1).help(help);
            model.value_parser(PossibleValuesParser::new(models)).hide(B::MODELS.len() == 1)
        },
    );
    let matches = command.try_get_matches_from_mut(words)?;
    let pairs =
        ["tls_cert", "tls_key"].map(|id| matches.get_many::<PathBuf>(id).map_or(0, |it| it.len()));
    let wrong = if pairs[0] != pairs[1] {
        Some("--tls-cert and --tls-key go in pairs")
    } else if matches.contains_id("tls_listen")
        && pairs[0] == 0
        && !matches.get_flag("tls_self_signed")
    {
        Some("--tls-listen wants --tls-cert and --tls-key, or --tls-self-signed")
    } else {
        None
    };
    if let Some(wrong) = wrong {
        return Err(command.error(ErrorKind::ArgumentConflict, wrong));
    }
    // A directory that is not there is a wrong command line too.
    for name in ["site", "data"] {
        let path: Option<&PathBuf> = matches.get_one(name);
        if let Some(path) = path.filter(|path| !path.is_dir()) {
            let text = format!("--{name}: '{}' is not a directory", path.display());
            return Err(command.error(ErrorKind::ValueValidation, text));
        }
    }
    Ok(matches)
}

fn serve<B: Backend>(options: &Options, out: &Console, log: &Console) -> Result<(), String> {
    let say = |line: std::fmt::Arguments<'_>| {
        if !options.quiet {
            out.say(line);
        }
    };
    start_log(options, log)?;
    raise_descriptor_limit();
    B::check_system().map_err(|missing| missing.to_string())?;
    let asked = options.model.as_deref();
    let (model, name, what) =
        *B::MODELS.iter().find(|(_, name, _)| Some(*name) == asked).unwrap_or(&B::MODELS[0]);

    let app = application(options, B::NAME, &format!("{name}: {what}"))?;
    let mut server = listen(&options.listen, |address| Server::<B>::bind(address))?
        .model(model)
        .max_connections(options.max_connections)
        .max_work(options.max_work)
        .limits(options.limits.limits());
    if let Some(threads) = options.threads {
        server = server.threads(threads);
    }
    if let Some(workers) = options.workers {
        server = server.workers(workers);
    }
    let tls = match &options.tls.tls_listen {
        Some(address) => Some(Tls::new(&options.tls, &options.limits.limits(), address)?),
        None => None,
    };
    if let Some(tls) = &tls {
        let listener = listen(&tls.address, |address| socket::listen(address))?;
        server = server.tls_from(listener, tls.setup.clone()).map_err(because("cannot listen"))?;
    }
    let hangs_up = tls.is_none(); // with certificates it has another meaning
    stop_on_signals(server.shutdown_handle(), options, hangs_up, out.clone())
        .map_err(because("cannot listen for signals"))?;
    say(format_args!("Ways to Wait {}: backend-{}", env!("CARGO_PKG_VERSION"), B::NAME));
    say(format_args!("  {name}: {what}"));
    say(format_args!("  http://{}/", server.address()));
    if let (Some(address), Some(tls)) = (server.tls_address(), &tls) {
        say(format_args!("  https://{address}/{}", tls.note));
    }
    for line in options.served() {
        say(format_args!("  {line}"));
    }
    say(format_args!("  Ctrl-C stops gracefully, a second one at once"));
    let app = app.statistics(server.statistics());
    let mut handler = Https::new(app);
    if let Some(address) = server.tls_address().filter(|_| options.tls.tls_redirect) {
        handler = handler.redirect(address.port());
    }
    if let Some(time) = options.tls.hsts {
        handler = handler.hsts(time);
    }
    let report = server.run(handler).map_err(because("cannot serve"))?;
    say(format_args!("Stopped: {report}"));
    Ok(())
}

impl Options {
    /// What is served, a line for each thing.
    fn served(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.site.is_none() || self.demo {
            lines.push("serves the demonstration".to_owned());
        }
        if let Some(site) = &self.site {
            lines.push(format!("serves the site in {}", site.display()));
        }
        if self.healthz && !self.demo {
            lines.push("answers /healthz".to_owned());
        }
        if let Some(data) = &self.data {
            lines.push(format!("takes uploads at /files, kept in {}", data.display()));
        }
        lines
    }
}

/// What is to be served.
fn application(options: &Options, backend: &str, model: &str) -> Result<App, String> {
    let site = options.site.as_deref().map(Store::open).transpose();
    let mut app = match site.map_err(because("cannot open the site"))? {
        Some(site) if options.demo => App::new(backend, model).site(site),
        Some(site) => App::of_site(site),
        None => App::new(backend, model),
    };
    if options.healthz {
        app = app.health();
    }
    if let Some(data) = &options.data {
        let store = Store::open(data).map_err(because("cannot open the data directory"))?;
        store.tidy().map_err(because("cannot read the data directory"))?;
        app = app.files(store);
    }
    Ok(app)
}

/// What to do about a port that only some may have.
const RESERVED: &str = if cfg!(target_os = "linux") {
    "; ports below 1024 are reserved, so take a higher one, or let the program have them: \
     setcap cap_net_bind_service=+ep FILE"
} else {
    "; ports below 1024 are reserved, so take a higher one"
};

fn is_reserved(address: &str) -> bool {
    let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    port.is_some_and(|port| (1..1024).contains(&port))
}

/// Listens at an address. One that is taken is tried again for a moment: of a server with a ring that
/// was killed, the kernel lets go a little later.
fn listen<T>(address: &str, bind: impl Fn(&str) -> io::Result<T>) -> Result<T, String> {
    const TRIES: usize = 5;
    const BETWEEN: Duration = Duration::from_millis(200);
    let mut result = bind(address);
    for _ in 1..TRIES {
        match &result {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                std::thread::sleep(BETWEEN);
                result = bind(address);
            }
            _ => break,
        }
    }
    result.map_err(|error| {
        let way_out = match error.kind() {
            io::ErrorKind::AddrInUse => "; something else listens there, so take another port",
            io::ErrorKind::AddrNotAvailable => "; no interface of this machine has it",
            io::ErrorKind::PermissionDenied if is_reserved(address) => RESERVED,
            _ => "",
        };
        format!("cannot listen on {address}: {error}{way_out}")
    })
}

/// Puts what was attempted before an error.
fn because<E: Display>(attempt: &str) -> impl FnOnce(E) -> String {
    move |error| format!("{attempt}: {error}")
}

/// Has what happens written to the log, and panics among it. `RUST_LOG` says what, as far as it says
/// anything: `warn,backend_common=debug`, for example.
fn start_log(options: &Options, log: &Console) -> Result<(), String> {
    let asked = std::env::var("RUST_LOG").unwrap_or_default();
    let targets = if asked.is_empty() {
        let (all, ours) = match (options.quiet, options.verbose) {
            (true, _) => (LevelFilter::ERROR, LevelFilter::ERROR),
            (_, true) => (LevelFilter::WARN, LevelFilter::DEBUG),
            _ => (LevelFilter::WARN, LevelFilter::WARN),
        };
        // Prefixes of our crates' names.
        Targets::new().with_default(all).with_targets([("app", ours), ("backend_", ours)])
    } else {
        asked.parse().map_err(because("RUST_LOG cannot be understood"))?
    };
    let log = log.clone();
    let is_coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(is_coloured)
        .log_internal_errors(false)
        .with_writer(move || log.clone());
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

/// Each connection is a descriptor, and the usual limit is 1,024: takes as many as are allowed.
fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        let _ = setrlimit(Resource::Nofile, limit); // then we live with the usual one
    }
}

/// What is needed to speak TLS.
struct Tls {
    address: String,
    setup: layer_tls::Setup,
    /// To be said of the certificate.
    note: String,
    /// They are read again for as long as this is here.
    _certificates: Arc<Certificates>,
}

impl Tls {
    fn new(options: &TlsOptions, limits: &Limits, address: &str) -> Result<Self, String> {
        let mut pairs: Vec<(PathBuf, PathBuf)> =
            options.tls_cert.iter().cloned().zip(options.tls_key.iter().cloned()).collect();
        let mut note = String::new();
        if options.tls_self_signed {
            let made = certificates::self_signed(&state_directory()?)
                .map_err(because("cannot make a certificate"))?;
            note = format!("  (self-signed, SHA-256 {})", made.fingerprint);
            pairs.push((made.certificate, made.key));
        }
        let certificates =
            Certificates::load(pairs).map_err(because("cannot use a certificate"))?;
        let config = certificates::server_config(Arc::clone(&certificates), &[b"h2", b"http/1.1"])
            .map_err(because("cannot speak TLS"))?;
        Arc::clone(&certificates).keep_fresh().map_err(because("cannot watch the certificates"))?;
        let setup = layer_tls::Setup {
            config,
            handshake_timeout: options.handshake_timeout,
            linger_timeout: limits.linger_timeout,
            read_file: socket::read_file,
        };
        Ok(Tls { address: address.to_owned(), setup, note, _certificates: certificates })
    }
}

/// Where the certificate for development is kept.
fn state_directory() -> Result<PathBuf, String> {
    let home = std::env::home_dir().filter(|home| home.is_dir());
    home.map(|home| home.join(".ways-to-wait"))
        .ok_or_else(|| "cannot make a certificate: there is no home directory to keep it in".into())
}

/// The first order to stop is carried out gracefully, a second at once.
fn stop_on_signals(
    shutdown_handle: ShutdownHandle,
    options: &Options,
    hangs_up: bool,
    out: Console,
) -> io::Result<()> {
    let (within, quiet) = (options.shutdown_timeout, options.quiet);
    let again = AtomicBool::new(false);
    signals::on_order(hangs_up, move || {
        if again.swap(true, Ordering::Relaxed) {
            shutdown_handle.shutdown(Duration::ZERO);
        } else {
            if !quiet {
                out.say(format_args!("Stopping: requests under way have {within:?} to finish"));
            }
            shutdown_handle.shutdown(within);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let options = Options::parse_from(["backend"]);
        assert_eq!(options.limits.limits(), Limits::default());
        let config = backend_common::Config::default();
        assert_eq!(options.max_connections, config.max_connections);
        assert_eq!(options.max_work, config.max_work);
    }
}
