//! The command line that the backends' `main`s share.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::ToSocketAddrs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backend_common::{Backend, Limits, Server, Stopper, socket};
use bytesize::ByteSize;
use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser};
use humantime::parse_duration;
use tempfile::TempDir;

use crate::certificates::{self, Certificates};
use crate::store::Store;
use crate::{App, Https};

/// One HTTP server, several ways to wait.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Options {
    /// Address and port to listen on; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
    listen: String,
    /// Serve this directory at /, in place of the landing page
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// Keep the files of /files here [default: a temporary directory, removed at exit]
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
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    shutdown_timeout: Duration,
    /// Say nothing but errors
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Say also why connections end
    #[arg(long, short)]
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
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    handshake_timeout: Duration,
}

/// What is not said stays as it is in [`Limits::default`].
#[derive(Args)]
#[command(next_help_heading = "Limits of each connection (sizes such as 16KiB, times such as 30s)")]
struct LimitOptions {
    /// Longest request line [default: 8 KiB]
    #[arg(long, value_name = "SIZE")]
    request_line_limit: Option<ByteSize>,
    /// Longest request head [default: 16 KiB]
    #[arg(long, value_name = "SIZE")]
    head_limit: Option<ByteSize>,
    /// Most fields in a head, up to 128 [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=128))]
    fields_limit: Option<u64>,
    /// Longest request body [default: 1 GiB]
    #[arg(long, value_name = "SIZE")]
    body_limit: Option<ByteSize>,
    /// Longest request body that is kept in memory [default: 1 MiB]
    #[arg(long, value_name = "SIZE")]
    collect_limit: Option<ByteSize>,
    /// Longest sum of chunk extensions in a body [default: 16 KiB]
    #[arg(long, value_name = "SIZE")]
    chunk_extensions_limit: Option<ByteSize>,
    /// Most of an unwanted body that is read to keep the connection [default: 256 KiB]
    #[arg(long, value_name = "SIZE")]
    discard_limit: Option<ByteSize>,
    /// Most unsent output before a connection has to wait [default: 64 KiB]
    #[arg(long, value_name = "SIZE")]
    high_water: Option<ByteSize>,
    /// Requests that an HTTP/2 connection may have under way at once [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    streams_limit: Option<u32>,
    /// Longest silence between requests [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    idle_timeout: Option<Duration>,
    /// Longest time for a head to arrive [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    head_timeout: Option<Duration>,
    /// Longest time for a body to advance by a KiB [default: 20s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    body_timeout: Option<Duration>,
    /// Longest time for output to advance by a KiB [default: 20s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    write_timeout: Option<Duration>,
    /// Longest silence of the peer after we have closed, for 30s in all [default: 2s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    linger_timeout: Option<Duration>,
}

impl LimitOptions {
    fn limits(&self) -> Limits {
        let or = Limits::default();
        let size = |size: Option<ByteSize>| {
            size.map(|size| usize::try_from(size.as_u64()).unwrap_or(usize::MAX))
        };
        Limits {
            request_line: size(self.request_line_limit).unwrap_or(or.request_line),
            head: size(self.head_limit).unwrap_or(or.head),
            fields: self.fields_limit.map_or(or.fields, |it| usize::try_from(it).unwrap_or(1)),
            body: self.body_limit.map_or(or.body, |size| size.as_u64()),
            collect: size(self.collect_limit).unwrap_or(or.collect),
            high_water: size(self.high_water).unwrap_or(or.high_water).max(1),
            idle: self.idle_timeout.unwrap_or(or.idle),
            head_time: self.head_timeout.unwrap_or(or.head_time),
            body_time: self.body_timeout.unwrap_or(or.body_time),
            write_time: self.write_timeout.unwrap_or(or.write_time),
            chunk_extensions: size(self.chunk_extensions_limit).unwrap_or(or.chunk_extensions),
            discard: self.discard_limit.map_or(or.discard, |size| size.as_u64()),
            streams: self.streams_limit.unwrap_or(or.streams),
            linger: self.linger_timeout.unwrap_or(or.linger),
        }
    }
}

/// An address and a port. Whether there is such an address shows when it is bound.
fn address(text: &str) -> Result<String, String> {
    match text.to_socket_addrs() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            Err("must be an address and a port, such as 127.0.0.1:8080 or [::1]:8080".into())
        }
        _ => Ok(text.to_owned()),
    }
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
    let time = parse_duration(text).map_err(|error| error.to_string())?;
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
    let result = Options::from_arg_matches(&matches)
        .map_err(|error| error.to_string())
        .and_then(|options| serve::<B>(&options));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
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

fn serve<B: Backend>(options: &Options) -> Result<(), String> {
    start_telling(options);
    raise_descriptor_limit();
    B::check_system().map_err(|missing| missing.to_string())?;
    let asked = options.model.as_deref();
    let (model, name, what) =
        *B::MODELS.iter().find(|(_, name, _)| Some(*name) == asked).unwrap_or(&B::MODELS[0]);

    let data = Data::new(options.data.clone()).map_err(because("cannot make a directory"))?;
    let store = Store::open(data.path()).map_err(because("cannot open the data directory"))?;
    store.tidy().map_err(because("cannot tidy the data directory"))?;
    let mut app = App::new(B::NAME, &format!("{name}: {what}")).files(store);
    if let Some(site) = &options.site {
        app = app.site(Store::open(site).map_err(because("cannot open the site"))?);
    }

    let mut server = Server::<B>::bind(options.listen.as_str())
        .map_err(because(&format!("cannot listen on {}", options.listen)))?
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
        server = server
            .tls(tls.address.as_str(), tls.setup.clone())
            .map_err(because(&format!("cannot listen on {}", tls.address)))?;
    }
    stop_on_signals(server.stopper(), options, tls.is_some())
        .map_err(because("cannot listen for signals"))?;
    if !options.quiet {
        say(format_args!("Ways to Wait {}: backend-{}", env!("CARGO_PKG_VERSION"), B::NAME));
        say(format_args!("  {name}: {what}"));
        say(format_args!("  http://{}/", server.address()));
        if let (Some(address), Some(tls)) = (server.tls_address(), &tls) {
            say(format_args!("  https://{address}/{}", tls.note));
        }
        say(format_args!("  files in {}{}", data.path().display(), data.fate()));
        say(format_args!("  Ctrl-C stops gracefully, a second one at once"));
    }
    let app = app.statistics(server.statistics());
    let mut handler = Https::new(app);
    if let Some(address) = server.tls_address().filter(|_| options.tls.tls_redirect) {
        handler = handler.redirect(address.port());
    }
    if let Some(time) = options.tls.hsts {
        handler = handler.promise(time);
    }
    let report = server.run(handler).map_err(because("cannot serve"))?;
    if !options.quiet {
        say(format_args!("Stopped: {report}"));
    }
    Ok(())
}

/// Puts what was attempted before an error.
fn because<E: Display>(attempt: &str) -> impl FnOnce(E) -> String {
    move |error| format!("{attempt}: {error}")
}

/// Prints a line; that nobody reads it is no reason to end.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Warnings go to the standard error stream.
fn start_telling(options: &Options) {
    let level = match (options.quiet, options.verbose) {
        (true, _) => tracing::Level::ERROR,
        (_, true) => tracing::Level::DEBUG,
        _ => tracing::Level::WARN,
    };
    tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr).init();
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
            handshake: options.handshake_timeout,
            linger: limits.linger,
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
fn stop_on_signals(stopper: Stopper, options: &Options, tls: bool) -> io::Result<()> {
    let (within, quiet) = (options.shutdown_timeout, options.quiet);
    let again = AtomicBool::new(false);
    on_signal(tls, move || {
        if again.swap(true, Ordering::Relaxed) {
            stopper.stop(Duration::ZERO);
        } else {
            if !quiet {
                say(format_args!("Stopping: requests under way have {within:?} to finish"));
            }
            stopper.stop(within);
        }
    })
}

/// Calls whenever SIGINT or SIGTERM comes; SIGHUP too, unless it means that certificates are to be
/// read again.
#[cfg(unix)]
fn on_signal(tls: bool, ordered: impl Fn() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    let (mut signals, end) = UnixStream::pair()?;
    for &signal in if tls { &[SIGINT, SIGTERM][..] } else { &[SIGINT, SIGTERM, SIGHUP] } {
        signal_hook::low_level::pipe::register(signal, end.try_clone()?)?;
    }
    // Without a handler a file that may not grow further (`ulimit -f`) would be the end of the process,
    // not of one upload.
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    // A byte for each.
    let listen = move || {
        while signals.read_exact(&mut [0]).is_ok() {
            ordered();
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(listen).map(drop)
}

/// Calls whenever Ctrl-C is pressed.
#[cfg(not(unix))]
fn on_signal(_: bool, ordered: impl Fn() + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(ordered).map_err(io::Error::other)
}

/// Where uploads are kept.
enum Data {
    Given(PathBuf),
    Temporary(TempDir),
}

impl Data {
    fn new(given: Option<PathBuf>) -> io::Result<Self> {
        Ok(match given {
            Some(path) => Data::Given(path),
            None => Data::Temporary(tempfile::Builder::new().prefix("ways-to-wait-").tempdir()?),
        })
    }

    fn path(&self) -> &std::path::Path {
        match self {
            Data::Given(path) => path,
            Data::Temporary(dir) => dir.path(),
        }
    }

    fn fate(&self) -> &'static str {
        match self {
            Data::Given(_) => "",
            Data::Temporary(_) => ", removed at exit",
        }
    }
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
