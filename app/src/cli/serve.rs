//! A server, put together of what the options say, and run.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use backend_common::{Backend, Handler, Request, Server, ShutdownHandle, Statistics, Variant};

use crate::cli::configuration::Configuration;
use crate::cli::error::Error;
use crate::cli::listen::{listen_all, listen_for_admins};
use crate::cli::log;
use crate::cli::observed::{Observed, admin_server};
#[cfg(unix)]
use crate::cli::options::OperationOptions;
use crate::cli::options::{ClientOptions, Options};
use crate::cli::place::Words;
use crate::cli::reload::{Current, Reload};
use crate::cli::tls::Tls;
use crate::console::Console;
use crate::forwarded::{Forwarded, Trust};
use crate::https::Https;
use crate::operation::Inherited;
use crate::operation::listeners::Bound;

#[cfg(unix)]
use crate::operation::{handover::Sockets, notify, service::Service};
use crate::rate_limit::RateLimit;
use crate::routes::App;
use crate::signals;
use crate::site::Sites;
use crate::store::Store;
use crate::telemetry::otlp::Otlp;

/// Serves what the options say, until the end.
pub(super) fn serve<B: Backend>(
    configuration: Configuration,
    mut inherited: Inherited,
    out: &Console,
    log: &Console,
) -> Result<(), Error> {
    let configuration = Arc::new(configuration);
    let options = &configuration.options;
    let say = |line: std::fmt::Arguments<'_>| {
        if !options.quiet {
            out.say(line);
        }
    };
    let asked = options.model.as_deref();
    let variant = B::MODELS.iter().find(|variant| Some(variant.name) == asked);
    let Variant { model, name, summary } = *variant.unwrap_or(&B::MODELS[0]);
    let otlp = Otlp::start(options.logs.otlp.as_deref(), B::NAME, name).map_err(Error::Otlp)?;
    log::start(options, log, otlp.as_ref().map(|otlp| otlp.layer()))?;
    configuration.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    raise_descriptor_limit();
    B::check_system().map_err(Error::System)?;
    let model_in_words = format!("{name}: {summary}");
    let app = application(options, B::NAME, &model_in_words)?;
    let tls = (!options.tls.tls_listen.is_empty())
        .then(|| Tls::new(&options.tls, &options.limits.limits()))
        .transpose()?;
    let (plain, mut words) = listen_all(&options.listen, false, &mut inherited, options)?;
    let (secured, further) = listen_all(&options.tls.tls_listen, true, &mut inherited, options)?;
    words.extend(further);
    let admin = listen_for_admins(options, &mut inherited)?;
    drop(inherited); // where nobody is to listen any more
    if tls.is_none() && !secured.is_empty() {
        return Err(Error::NoCertificate);
    }
    #[cfg(unix)]
    let sockets =
        Sockets::of(plain.iter().chain(&secured).chain(&admin)).map_err(Error::Listener)?;
    let urls = plain.iter().map(|it| it.shown("http"));
    let note = tls.as_ref().map_or("", |tls| &*tls.note);
    let urls = urls.chain(secured.iter().map(|it| it.shown("https") + note));
    let urls: Vec<_> = urls.collect();
    let mut server = server::<B>(plain)?
        .model(model)
        .max_connections(options.max_connections)
        .max_work(options.max_work)
        .ipv6_prefix(options.clients.ipv6_prefix)
        .limits(options.limits.limits());
    if let Some(connections) = options.clients.max_connections_per_address {
        server = server.max_connections_per_address(connections);
    }
    if let Some(threads) = options.threads {
        server = server.threads(threads);
    }
    if let Some(workers) = options.workers {
        server = server.workers(workers);
    }
    for (bound, tls) in secured.into_iter().zip(std::iter::repeat(&tls)) {
        let Some(tls) = tls else { break };
        server = server.tls_from(bound.listener, tls.setup.clone()).map_err(Error::Listener)?;
    }
    let trust = trust(&options.clients, &words);
    for (listener, words) in words.iter().enumerate() {
        if options.clients.proxy_protocol || words.proxy_protocol {
            server = server.proxy_protocol_at(listener, trust.at(listener).clone());
        }
    }
    let redirecting: Vec<_> = words
        .iter()
        .enumerate()
        .filter(|(_, it)| it.redirect)
        .map(|(listener, _)| listener)
        .collect();
    let admin = admin.map(admin_server::<B>).transpose()?;
    // With certificates or files it has another meaning.
    let is_reloaded = tls.is_some() || options.config.is_some();
    let hangs_up = !is_reloaded && options.logs.access_log_file.is_none();
    #[cfg(unix)]
    let mut service = {
        let OperationOptions { user, pid_file, .. } = &options.operation;
        let servers = admin.iter().map(Server::shutdown_handle);
        let servers = servers.chain([server.shutdown_handle()]).collect();
        let within = options.shutdown_timeout;
        let (quiet, out, user) = (options.quiet, out.clone(), user.as_ref());
        let say = move |line: std::fmt::Arguments<'_>| {
            if !quiet {
                out.say(line);
            }
        };
        Service::begin(sockets, user, pid_file.clone(), servers, within, say)
            .map_err(Error::Service)?
    };
    #[cfg(unix)]
    let on_end = service.on_end();
    #[cfg(not(unix))]
    let on_end = || {};
    stop_on_signals(server.shutdown_handle(), on_end, options, hangs_up, out.clone())
        .map_err(Error::Signals)?;
    let (statistics, tls_address) = (server.statistics(), server.tls_address());
    let make = move |app: App, options: &Options| {
        https(app.statistics(statistics.clone()), options, tls_address, &redirecting)
    };
    let first = make(app, options);
    let handler = if options.config.is_some() {
        let handler = Arc::new(ArcSwap::from_pointee(first));
        let mut reload = Reload {
            first: Arc::clone(&configuration),
            current: Arc::clone(&configuration),
            handler: Arc::clone(&handler),
            certificates: tls.as_ref().map(|tls| Arc::clone(&tls.certificates)),
            make: move |options: &Options| {
                Ok(make(application(options, B::NAME, &model_in_words)?, options))
            },
        };
        let reload = move || {
            #[cfg(unix)]
            notify::reloading();
            reload.run();
            #[cfg(unix)]
            notify::ready();
        };
        signals::on_hangup(reload).map_err(Error::Signals)?;
        Current::Replaceable(handler)
    } else {
        Current::Fixed(first)
    };
    say(format_args!("Ways to Wait {}: backend-{}", env!("CARGO_PKG_VERSION"), B::NAME));
    say(format_args!("  {name}: {summary}"));
    for url in urls {
        say(format_args!("  {url}"));
    }
    for line in options.served() {
        say(format_args!("  {line}"));
    }
    let handler = Arc::new(handler);
    let (server, mut observed) =
        Observed::start(options, server, admin, &trust, otlp, &handler, name)?;
    if let Some(address) = observed.admin_address() {
        say(format_args!("  http://{address}/metrics, for administrators"));
    }
    say(format_args!("  Ctrl-C stops gracefully, a second one at once"));
    let answer = move |request: &Request<'_>| handler.handle(request);
    let handler = for_clients(answer, &options.clients, trust, server.statistics());
    #[cfg(unix)]
    service.ready().map_err(Error::Signals)?;
    observed.serve_admins()?;
    let report = server.run(handler).map_err(Error::Serve)?;
    say(format_args!("Stopped: {report}"));
    observed.end().map_err(Error::Admin)
}

/// A handler that sees clients behind proxies, each with its share.
fn for_clients<H: Handler>(
    handler: H,
    options: &ClientOptions,
    trust: Trust,
    statistics: Statistics,
) -> Forwarded<RateLimit<H>> {
    let mut handler = RateLimit::new(handler);
    if let Some(rate) = options.max_requests_per_address {
        let burst = options.max_burst_per_address.unwrap_or(rate.burst());
        handler = handler.limit(rate, burst, options.ipv6_prefix, statistics);
    }
    Forwarded::new(handler, trust, options.forwarded_field)
}

/// Who is believed, at which of the listeners of which these words are said.
fn trust(options: &ClientOptions, words: &[Words]) -> Trust {
    let special =
        words.iter().enumerate().filter_map(|(at, words)| Some((at, words.trust.clone()?)));
    special.fold(options.proxies().into(), |trust, (at, proxies)| trust.but_at(at, proxies))
}

/// The application, and how its clients are led to HTTPS: those of all listeners, or of some.
fn https(
    app: App,
    options: &Options,
    tls_address: Option<SocketAddr>,
    redirecting: &[usize],
) -> Https<App> {
    let mut handler = Https::new(app);
    if let Some(address) = tls_address {
        handler = match (options.tls.tls_redirect, redirecting) {
            (true, _) => handler.redirect(address.port()),
            (false, []) => handler,
            (false, some) => handler.redirect(address.port()).only_from(some.to_vec()),
        };
    }
    if let Some(time) = options.tls.hsts {
        handler = handler.hsts(time);
    }
    handler
}

/// Tries what a server would do with its options before it listens.
///
/// # Errors
/// If something is missing or cannot be used.
pub(super) fn check(options: &Options) -> Result<(), Error> {
    application(options, "", "")?;
    // A certificate for development would be made.
    if options.tls.tls_listen.is_empty() || options.tls.tls_self_signed {
        return Ok(());
    }
    Tls::new(&options.tls, &options.limits.limits()).map(drop)
}

/// A server on these listeners.
fn server<B: Backend>(listeners: Vec<Bound>) -> Result<Server<B>, Error> {
    let mut listeners = listeners.into_iter().map(|it| it.listener);
    let none = || io::Error::other("there is none without TLS");
    let first = listeners.next().ok_or_else(none).map_err(Error::Listener)?;
    let first = Server::from_listener(first).map_err(|error| Error::Listener(error.into()))?;
    listeners.try_fold(first, Server::and_listener).map_err(Error::Listener)
}

/// The application that the options ask for.
fn application(options: &Options, backend: &str, model: &str) -> Result<App, Error> {
    let sites = options.sites();
    let mut app = if sites.is_empty() {
        App::new(backend, model)
    } else if options.demo {
        App::new(backend, model).site(Sites::open(sites)?)
    } else {
        App::of_site(Sites::open(sites)?)
    };
    if options.healthz {
        app = app.health();
    }
    if let Some(data) = &options.data {
        let failed = |error| Error::Data(data.clone(), error);
        let store = Store::open(data).map_err(failed)?;
        store.tidy().map_err(failed)?;
        app = app.files(store);
    }
    Ok(app)
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

/// Begins shutdown at the first signal, which is graceful, and ends it at the second.
fn stop_on_signals(
    shutdown_handle: ShutdownHandle,
    on_end: impl Fn() + Send + 'static,
    options: &Options,
    hangs_up: bool,
    out: Console,
) -> io::Result<()> {
    let (within, quiet) = (options.shutdown_timeout, options.quiet);
    let again = AtomicBool::new(false);
    signals::on_shutdown(hangs_up, move || {
        if again.swap(true, Ordering::Relaxed) {
            shutdown_handle.shutdown(Duration::ZERO);
        } else {
            if !quiet {
                out.say(format_args!("Stopping: requests under way have {within:?} to finish"));
            }
            shutdown_handle.shutdown(within);
            on_end(); // the files of sockets may be what wakes a backend, so they go last
        }
    })
}
