//! The configuration read again, while the server goes on.
//!
//! A request is answered by the handler that is in force when its head is complete. What is under
//! way when that is replaced goes on with what it was given.

use std::sync::Arc;

use arc_swap::ArcSwap;
use protocol::{Handler, Reply, Request};

use crate::certificates::Certificates;
use crate::cli::configuration::Configuration;
use crate::cli::error::Error;
use crate::cli::options::Options;
use crate::cli::tls;
use crate::https::Https;
#[cfg(unix)]
use crate::operation::notify;
use crate::routes::App;
use crate::signals;

/// The options that a running server can change; the others stay as they were at its start.
const CHANGEABLE: [&str; 13] = [
    "site",
    "listing",
    "fallback",
    "no-compression",
    "demo",
    "healthz",
    "data",
    "tls-cert",
    "tls-key",
    "tls-self-signed",
    "tls-redirect",
    "hsts",
    "[[site]]",
];

/// The handler in force.
pub(super) enum Current<H> {
    /// The same until the end.
    Fixed(H),
    /// One that may be replaced while it answers.
    Replaceable(Arc<ArcSwap<H>>),
}

impl<H: Handler> Handler for Current<H> {
    fn handle(&self, request: &Request<'_>) -> Reply {
        match self {
            Current::Fixed(handler) => handler.handle(request),
            Current::Replaceable(handler) => handler.load().handle(request),
        }
    }
}

impl Current<Https<App>> {
    /// The first one. If the configuration is one of a file, SIGHUP has it read again, and replaced
    /// by what `make` makes of its options.
    ///
    /// # Errors
    /// If the signal cannot be listened for.
    pub(super) fn new(
        configuration: &Arc<Configuration>,
        first: Https<App>,
        certificates: Option<Arc<Certificates>>,
        make: impl Fn(&Options) -> Result<Https<App>, Error> + Send + 'static,
    ) -> Result<Self, Error> {
        if configuration.options.config.is_none() {
            return Ok(Current::Fixed(first));
        }
        let handler = Arc::new(ArcSwap::from_pointee(first));
        let mut reload = Reload {
            first: Arc::clone(configuration),
            current: Arc::clone(configuration),
            handler: Arc::clone(&handler),
            certificates,
            make,
        };
        let read_again = move || {
            #[cfg(unix)]
            notify::reloading();
            reload.run();
            #[cfg(unix)]
            notify::ready();
        };
        signals::on_hangup(read_again).map_err(Error::Signals)?;
        Ok(Current::Replaceable(handler))
    }

    /// The name of the route that a path leads to now.
    pub(super) fn route_name(&self, path: &str) -> &'static str {
        match self {
            Current::Fixed(handler) => handler.inner().route_name(path),
            Current::Replaceable(handler) => handler.load().inner().route_name(path),
        }
    }
}

/// What reads a configuration again.
struct Reload<H, F> {
    /// As it was at the start.
    first: Arc<Configuration>,
    /// As it is in force.
    current: Arc<Configuration>,
    handler: Arc<ArcSwap<H>>,
    /// Those of the TLS listener, if there is one.
    certificates: Option<Arc<Certificates>>,
    /// Makes a handler as options say.
    make: F,
}

impl<H, F: Fn(&Options) -> Result<H, Error>> Reload<H, F> {
    /// Has what the sources now say in force, unless something is wrong with it.
    fn run(&mut self) {
        if let Err(why) = self.try_run() {
            tracing::error!("the old configuration stays in force: {why}");
        }
    }

    fn try_run(&mut self) -> Result<(), String> {
        let new = self.first.read_again().map_err(|error| sentence(&error))?;
        let handler = (self.make)(&new.options).map_err(|error| error.to_string())?;
        if let Some(certificates) = self.certificates.as_ref().filter(|_| new.options.speaks_tls())
        {
            let (pairs, _) = tls::pairs(&new.options.tls).map_err(|error| error.to_string())?;
            certificates.replace(pairs).map_err(|error| error.to_string())?;
        }
        self.handler.store(Arc::new(handler));
        self.log(&new);
        self.current = Arc::new(new);
        Ok(())
    }

    /// Says what has changed, and what has not although the sources now say so.
    fn log(&self, new: &Configuration) {
        let is_changeable = |name: &&str| CHANGEABLE.contains(name);
        let mut changed = self.current.differences(new);
        changed.retain(is_changeable);
        let changed = if changed.is_empty() { "nothing".into() } else { changed.join(", ") };
        let mut fixed = self.first.differences(new);
        fixed.retain(|name| !is_changeable(name));
        if fixed.is_empty() {
            tracing::info!("configuration read again: changed {changed}");
        } else {
            let fixed = fixed.join(", ");
            tracing::warn!(
                "configuration read again: changed {changed}; to change {fixed} takes a restart \
                 or SIGUSR2"
            );
        }
    }
}

/// What an error of the command line says first, without the usage that follows.
fn sentence(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let first = text.split("\n\n").next().unwrap_or_default();
    first.split_whitespace().collect::<Vec<_>>().join(" ")
}
