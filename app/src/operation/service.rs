//! The life of a server that the system runs, from its sockets to its end.

use std::fmt::Arguments;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backend_common::ShutdownHandle;

use crate::operation::account::Account;
use crate::operation::handover::{self, Handover, Predecessor, Sockets};
use crate::operation::notify;
use crate::operation::pid_file::PidFile;
use crate::signals;

/// A server, as the system knows it.
#[derive(Debug)]
pub(crate) struct Service {
    handover: Arc<Handover>,
    predecessor: Option<Predecessor>,
    pid_path: Option<PathBuf>,
    pid_file: Option<PidFile>,
}

impl Service {
    /// Takes what only its first user may take, and becomes `account`.
    ///
    /// # Errors
    /// If that is not possible, in a sentence.
    pub(crate) fn begin(
        sockets: Sockets,
        account: Option<&Account>,
        pid_path: Option<PathBuf>,
        servers: Vec<ShutdownHandle>,
        within: Duration,
        say: impl Fn(Arguments<'_>) + Send + 'static,
    ) -> Result<Self, String> {
        let predecessor = Predecessor::find();
        // Until that one is relieved, the file has its number.
        let path = pid_path.as_ref().filter(|_| predecessor.is_none());
        let pid_file = path.map(|path| {
            let told = |error| format!("cannot write {}: {error}", path.display());
            PidFile::write(path, account).map_err(told)
        });
        let pid_file = pid_file.transpose()?;
        account.map_or(Ok(()), Account::assume)?;
        let handover = Arc::new(Handover::new(sockets, servers, within));
        let taken = Arc::clone(&handover);
        signals::on_takeover(move || handover::on_signal(&taken, &say))
            .map_err(|error| format!("cannot listen for signals: {error}"))?;
        Ok(Service { handover, predecessor, pid_path, pid_file })
    }

    /// Everything is ready to serve. Returns when it is this server's turn.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub(crate) fn ready(&mut self) -> io::Result<()> {
        if let Some(predecessor) = self.predecessor.take() {
            predecessor.relieve();
            self.handover.own_files();
            if let Some(path) = &self.pid_path {
                match PidFile::write(path, None) {
                    Ok(file) => self.pid_file = Some(file),
                    Err(error) => tracing::warn!("cannot write {}: {error}", path.display()),
                }
            }
        }
        notify::ready();
        notify::watch()
    }

    /// What is to be called when shutdown begins.
    pub(crate) fn on_end(&self) -> impl Fn() + Send + 'static {
        let handover = Arc::clone(&self.handover);
        move || handover.end()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.handover.end();
        if self.handover.is_done() {
            self.pid_file.take().into_iter().for_each(PidFile::leave);
        }
    }
}
