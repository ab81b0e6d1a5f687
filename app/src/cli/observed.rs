//! What observes a server: the access log, and the listener of the administrators.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use backend_common::{Backend, Handle, Server};

use crate::cli::error::Error;
use crate::cli::options::{LogOptions, Options};
use crate::cli::reload::Current;
use crate::console::Console;
use crate::forwarded::Trust;
use crate::https::Https;
use crate::operation::listeners::Bound;
use crate::routes::App;
use crate::signals;
use crate::telemetry::Telemetry;
use crate::telemetry::access_log::{AccessLog, Format};
use crate::telemetry::admin::Admin;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::otlp::Otlp;

/// How long the last lines of the access log may take to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How long the collector may take for the last of what it is sent.
const LAST_BATCHES: Duration = Duration::from_secs(3);

/// The listener of the administrators is small.
const ADMIN_THREADS: usize = 1;
const MOST_ADMINS: usize = 64;

/// What observes a server.
pub(super) struct Observed<B> {
    access_log: Option<Console>,
    otlp: Option<Arc<Otlp>>,
    /// The server of the administrators, until it begins, and what it answers.
    admin: Option<(Server<B>, Admin)>,
    /// That which has begun.
    serving: Option<Handle>,
}

/// A server for administrators alone.
///
/// # Errors
/// If the address cannot be told.
pub(super) fn admin_server<B: Backend>(bound: Bound) -> Result<Server<B>, Error> {
    let server = Server::from_listener(bound.listener);
    let server = server.map_err(|error| Error::Listener(error.into()))?;
    Ok(server.threads(ADMIN_THREADS).workers(1).max_connections(MOST_ADMINS))
}

impl<B: Backend> Observed<B> {
    /// Has a server observed as the options say, by its administrators as well, if they have one.
    ///
    /// # Errors
    /// If the access log cannot be opened.
    pub(super) fn start(
        options: &Options,
        server: Server<B>,
        admin: Option<Server<B>>,
        trust: &Trust,
        otlp: Option<Arc<Otlp>>,
        handler: &Arc<Current<Https<App>>>,
        model: &str,
    ) -> Result<(Server<B>, Self), Error> {
        let LogOptions { access_log, access_log_file, .. } = &options.logs;
        let console = access_log
            .map(|format| access_log_console(format, access_log_file.as_deref()))
            .transpose()
            .map_err(Error::AccessLog)?;
        let log = access_log.zip(console.clone());
        let admin = admin.map(|admin| {
            let statistics = server.statistics();
            let metrics = Arc::new(Metrics::new(statistics.clone(), B::NAME, model));
            (admin, Admin { metrics, statistics })
        });
        let handler = Arc::clone(handler);
        let telemetry = Telemetry {
            trust: trust.clone(),
            forwarded_field: options.clients.forwarded_field,
            name_route: Box::new(move |path| handler.route_name(path)),
            access_log: log.map(|(format, to)| Arc::new(AccessLog::new(format, to))),
            metrics: admin.as_ref().map(|(_, answers)| Arc::clone(&answers.metrics)),
            otlp: otlp.clone(),
        };
        otlp.iter().for_each(|otlp| otlp.observe(&server.statistics()));
        let server = match telemetry.is_wanted() {
            true => server.observer(Arc::new(telemetry)),
            false => server,
        };
        Ok((server, Observed { access_log: console, otlp, admin, serving: None }))
    }

    /// Where the administrators are answered, if they are.
    pub(super) fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|(server, _)| server.address())
    }

    /// Answers the administrators, from now on.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub(super) fn serve_admins(&mut self) -> Result<(), Error> {
        let spawned = self.admin.take().map(|(server, answers)| server.spawn(answers));
        self.serving = spawned.transpose().map_err(Error::Admin)?;
        Ok(())
    }

    /// The server has ended: nobody has to be answered any more, and the last lines are written.
    ///
    /// # Errors
    /// If the listener of the administrators could not begin.
    pub(super) fn end(self) -> io::Result<()> {
        if let Some(log) = self.access_log {
            log.finish(Instant::now() + LAST_LINES);
        }
        if let Some(otlp) = self.otlp {
            otlp.finish(Instant::now() + LAST_BATCHES);
        }
        self.serving.map_or(Ok(()), |admin| admin.shutdown(Duration::ZERO).map(drop))
    }
}

fn access_log_console(format: Format, file: Option<&Path>) -> io::Result<Console> {
    let note = move |lost| format.lost(lost);
    let Some(path) = file else { return Console::of_many("access-log", io::stdout(), note) };
    let console = Console::of_many("access-log", open(path)?, note)?;
    signals::on_rotation(reopen(path.to_owned(), console.clone()))?;
    Ok(console)
}

fn open(path: &Path) -> io::Result<File> {
    let file = File::options().append(true).create(true).open(path);
    file.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Has further lines written to the file that is at this path now: the one before may have been
/// renamed.
fn reopen(path: PathBuf, console: Console) -> impl Fn() + Send + 'static {
    move || match open(&path) {
        Ok(file) => console.write_to(file),
        Err(error) => tracing::error!(
            "the access log goes on where it was, since it cannot be opened again: {error}"
        ),
    }
}
