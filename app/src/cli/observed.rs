//! What observes a server: the access log, and the listener of the administrators.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backend_common::{Backend, Handle, Server};

use crate::cli::error::Error;
use crate::cli::listen::listen;
use crate::cli::options::{LogOptions, Options};
use crate::cli::reload::Current;
use crate::console::Console;
use crate::https::Https;
use crate::routes::App;
use crate::telemetry::Telemetry;
use crate::telemetry::access_log::{AccessLog, Format};
use crate::telemetry::admin::Admin;
use crate::telemetry::metrics::Metrics;

/// How long the last lines of the access log may take to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The listener of the administrators is small.
const ADMIN_THREADS: usize = 1;
const MOST_ADMINS: usize = 64;

/// What observes a server.
pub(super) struct Observed {
    access_log: Option<Console>,
    /// The listener of the administrators.
    admin: Option<Handle>,
}

impl Observed {
    /// Has a server observed as the options say.
    ///
    /// # Errors
    /// If the access log cannot be opened, or the administrators not be listened to.
    pub(super) fn start<B: Backend>(
        options: &Options,
        server: Server<B>,
        handler: &Arc<Current<Https<App>>>,
        model: &str,
    ) -> Result<(Server<B>, Self), Error> {
        let LogOptions { access_log, access_log_file, admin, .. } = &options.logs;
        let console = access_log
            .map(|format| access_log_console(format, access_log_file.as_deref()))
            .transpose()
            .map_err(Error::AccessLog)?;
        let log = access_log.zip(console.clone());
        let metrics = admin.as_ref().map(|address| {
            let metrics = Metrics::new(server.statistics(), B::NAME, model);
            (address, Arc::new(metrics))
        });
        let handler = Arc::clone(handler);
        let telemetry = Telemetry {
            proxies: options.clients.proxies(),
            forwarded_field: options.clients.forwarded_field,
            name_route: Box::new(move |path| handler.route_name(path)),
            access_log: log.map(|(format, to)| Arc::new(AccessLog::new(format, to))),
            metrics: metrics.as_ref().map(|(_, metrics)| Arc::clone(metrics)),
        };
        let admin = match metrics {
            Some((address, metrics)) => Some(serve_admins(address, &server, metrics)?),
            None => None,
        };
        let server = match telemetry.is_wanted() {
            true => server.observer(Arc::new(telemetry)),
            false => server,
        };
        Ok((server, Observed { access_log: console, admin }))
    }

    /// Where the administrators are answered, if they are.
    pub(super) fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Handle::address)
    }

    /// The server has ended: nobody has to be answered any more, and the last lines are written.
    ///
    /// # Errors
    /// If the listener of the administrators could not begin.
    pub(super) fn end(self) -> io::Result<()> {
        if let Some(log) = self.access_log {
            log.finish(Instant::now() + LAST_LINES);
        }
        self.admin.map_or(Ok(()), |admin| admin.shutdown(Duration::ZERO).map(drop))
    }
}

/// Answers for this server at an address, until the handle is used.
fn serve_admins<B: Backend>(
    address: &str,
    server: &Server<B>,
    metrics: Arc<Metrics>,
) -> Result<Handle, Error> {
    let admin = Admin { metrics, statistics: server.statistics() };
    let server = listen(address, |address| Ok(Server::<B>::bind(address)?))?;
    let server = server.threads(ADMIN_THREADS).workers(1).max_connections(MOST_ADMINS);
    server.spawn(admin).map_err(Error::Admin)
}

fn access_log_console(format: Format, file: Option<&Path>) -> io::Result<Console> {
    let note = move |lost| format.lost(lost);
    match file {
        Some(path) => {
            let file = File::options().append(true).create(true).open(path)?;
            Console::of_many("access-log", file, note)
        }
        None => Console::of_many("access-log", io::stdout(), note),
    }
}
