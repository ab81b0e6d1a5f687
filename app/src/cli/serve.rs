//! A server, put together of what the options say, and run.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backend_common::{Backend, Handler, Request, Server, ShutdownHandle, Statistics, Variant};

use crate::cli::configuration::Configuration;
use crate::cli::error::Error;
use crate::cli::listen::Listeners;
use crate::cli::log;
use crate::cli::observed::{Observed, admin_server};
#[cfg(unix)]
use crate::cli::options::OperationOptions;
use crate::cli::options::{ClientOptions, Options};
use crate::cli::place::Words;
use crate::cli::reload::Current;
use crate::cli::tls::Tls;
use crate::console::{Announcer, Console};
use crate::forwarded::{Forwarded, Trust};
use crate::https::Https;
use crate::operation::Inherited;
use crate::operation::listeners::Bound;

#[cfg(unix)]
use crate::operation::{handover::Sockets, service::Service};
use crate::rate_limit::RateLimit;
use crate::routes::App;
use crate::signals;
use crate::site::Sites;
use crate::store::Store;
use crate::telemetry::otlp::Otlp;

/// Serves what the options say, until the end.
pub(super) fn serve<B: Backend>(
    configuration: Configuration,
    inherited: Inherited,
    out: &Console,
    log: &Console,
) -> Result<(), Error> {
    let configuration = Arc::new(configuration);
    let options = &configuration.options;
    let out = Announcer::new(out, options.quiet);
    let Variant { model, name, summary } = variant::<B>(options);
    let otlp = Otlp::start(options.logs.otlp.as_deref(), B::NAME, name).map_err(Error::Otlp)?;
    log::start(options, log, otlp.as_ref().map(|otlp| otlp.layer()))?;
    configuration.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    raise_descriptor_limit();
    B::check_system().map_err(Error::System)?;
    let open =
        move |options: &Options| application(options, B::NAME, &format!("{name}: {summary}"));
    let app = open(options)?;
    let tls = Tls::if_wanted(options)?;
    let mut listeners = Listeners::open(options, inherited)?;
    #[cfg(unix)]
    let sockets = Sockets::of(listeners.all()).map_err(Error::Listener)?;
    let urls = listeners.urls(tls.as_ref().map_or("", |tls| &tls.note));
    let (trust, redirecting) = (trust(&options.clients, &listeners.words), listeners.redirecting());
    let admin = listeners.admin.take();
    let server = server::<B>(options, model, listeners, tls.as_ref(), &trust)?;
    let admin = admin.map(admin_server::<B>).transpose()?;
    #[cfg(unix)]
    let mut service = begin_service(options, sockets, &server, admin.as_ref(), out.clone())?;
    #[cfg(unix)]
    let on_end = service.on_end();
    #[cfg(not(unix))]
    let on_end = || {};
    stop_on_signals(server.shutdown_handle(), on_end, options, tls.is_some(), out.clone())
        .map_err(Error::Signals)?;
    let (statistics, tls_address) = (server.statistics(), server.tls_address());
    let complete = move |app: App, options: &Options| {
        https(app.statistics(statistics.clone()), options, tls_address, &redirecting)
    };
    let first = complete(app, options);
    let make = move |options: &Options| Ok(complete(open(options)?, options));
    let certificates = tls.map(|tls| tls.certificates);
    let handler = Arc::new(Current::new(&configuration, first, certificates, make)?);
    let (server, mut observed) =
        Observed::start(options, server, admin, &trust, otlp, &handler, name)?;
    out.say(format_args!("Ways to Wait {}: backend-{}", env!("CARGO_PKG_VERSION"), B::NAME));
    out.say(format_args!("  {name}: {summary}"));
    let admin_url = observed.admin_address().map(|address| format!("http://{address}/metrics"));
    let admin_url = admin_url.map(|url| format!("{url}, for administrators"));
    for line in urls.into_iter().chain(options.served()).chain(admin_url) {
        out.say(format_args!("  {line}"));
    }
    out.say(format_args!("  Ctrl-C stops gracefully, a second one at once"));
    let answer = move |request: &Request<'_>| handler.handle(request);
    let handler = for_clients(answer, &options.clients, trust, server.statistics());
    #[cfg(unix)]
    service.ready().map_err(Error::Signals)?;
    observed.serve_admins()?;
    let report = server.run(handler).map_err(Error::Serve)?;
    out.say(format_args!("Stopped: {report}"));
    observed.end().map_err(Error::Admin)
}

/// The model that is asked for, or the usual one.
fn variant<B: Backend>(options: &Options) -> Variant<B> {
    let asked = options.model.as_deref();
    let variant = B::MODELS.iter().find(|variant| Some(variant.name) == asked);
    *variant.unwrap_or(&B::MODELS[0])
}

/// A server at these listeners, as the options say.
fn server<B: Backend>(
    options: &Options,
    model: B,
    listeners: Listeners,
    tls: Option<&Tls>,
    trust: &Trust,
) -> Result<Server<B>, Error> {
    let Listeners { plain, secured, words, .. } = listeners;
    let mut server = at_listeners::<B>(plain)?
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
    for bound in secured {
        let setup = tls.ok_or(Error::NoCertificate)?.setup.clone();
        server = server.tls_from(bound.listener, setup).map_err(Error::Listener)?;
    }
    for (listener, words) in words.iter().enumerate() {
        if options.clients.proxy_protocol || words.proxy_protocol {
            server = server.proxy_protocol_at(listener, trust.at(listener).clone());
        }
    }
    Ok(server)
}

/// Takes its place among the processes of the system: with its number in a file, as its user, and
/// ready to hand its sockets over.
#[cfg(unix)]
fn begin_service<B: Backend>(
    options: &Options,
    sockets: Sockets,
    server: &Server<B>,
    admin: Option<&Server<B>>,
    out: Announcer,
) -> Result<Service, Error> {
    let OperationOptions { user, pid_file, .. } = &options.operation;
    let servers = admin.into_iter().chain([server]).map(Server::shutdown_handle).collect();
    let say = move |line: std::fmt::Arguments<'_>| out.say(line);
    let within = options.shutdown_timeout;
    Service::begin(sockets, user.as_ref(), pid_file.clone(), servers, within, say)
        .map_err(Error::Service)
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
    if options.tls.tls_self_signed { Ok(()) } else { Tls::if_wanted(options).map(drop) }
}

/// A server at these listeners, with nothing said of it.
fn at_listeners<B: Backend>(listeners: Vec<Bound>) -> Result<Server<B>, Error> {
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
    has_certificates: bool,
    out: Announcer,
) -> io::Result<()> {
    // With certificates or files, SIGHUP has another meaning.
    let is_reloaded = has_certificates || options.config.is_some();
    let hangs_up = !is_reloaded && options.logs.access_log_file.is_none();
    let within = options.shutdown_timeout;
    let again = AtomicBool::new(false);
    signals::on_shutdown(hangs_up, move || {
        if again.swap(true, Ordering::Relaxed) {
            shutdown_handle.shutdown(Duration::ZERO);
        } else {
            out.say(format_args!("Stopping: requests under way have {within:?} to finish"));
            shutdown_handle.shutdown(within);
            on_end(); // the files of sockets may be what wakes a backend, so they go last
        }
    })
}
