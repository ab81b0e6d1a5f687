//! A new server in the place of this one, without a lost connection.
//!
//! Two processes, from SIGUSR2 on:
//!
//! ```text
//! old: starts the program again, with sockets    new: reads its configuration, takes the sockets,
//!      that listen, and goes on serving                  and says that it is ready
//! old: accepts no more; new clients wait in the
//!      queues of the sockets; says so                new: accepts, from now on
//! old: finishes what is under way, and ends
//! ```
//!
//! So at any moment one of them accepts, and none closes a socket whose queue has clients. If the
//! new one fails before it is ready, the old one goes on.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backend_common::ShutdownHandle;
use command_fds::{CommandFdExt, FdMapping};

use crate::operation::inherited;
use crate::operation::listeners::{Bound, SocketFiles};
use crate::operation::notify;

/// Set for a server that takes over. Its standard input is a socket to the one before.
const MARK: &str = "WTW_HANDOVER";

/// How long the new server may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first descriptor that is passed (`sd_listen_fds(3)`).
const FIRST: i32 = 3;

/// The server that this one takes over from.
#[derive(Debug)]
pub(crate) struct Predecessor(UnixStream);

impl Predecessor {
    /// The one that started this process, if one did so to be taken over from.
    pub(crate) fn find() -> Option<Self> {
        std::env::var_os(MARK)?;
        let input = io::stdin().as_fd().try_clone_to_owned().ok()?;
        Some(Predecessor(input.into()))
    }

    /// Says that this server is ready, and waits until the one before accepts no more.
    pub(crate) fn relieve(mut self) {
        // One that has ended meanwhile accepts no more either.
        let _ = self.0.write_all(b"ready\n").and_then(|()| self.0.read_to_end(&mut Vec::new()));
    }
}

/// A server that can be taken over from.
#[derive(Debug)]
pub(crate) struct Handover {
    /// Of all servers in this process.
    servers: Vec<ShutdownHandle>,
    within: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Serving(Sockets),
    /// A process has been started, and is not ready yet.
    Starting(Child, Sockets),
    HandedOver,
    Ended,
}

/// What is handed over: sockets with their names. If they are not, their files are removed.
#[derive(Debug)]
pub(crate) struct Sockets {
    named: Vec<(String, OwnedFd)>,
    /// None until this server accepts: they are those of the one before.
    files: SocketFiles,
}

impl Sockets {
    /// Those of these listeners.
    ///
    /// # Errors
    /// If the system has no further descriptors.
    pub(crate) fn of<'a>(listeners: impl Iterator<Item = &'a Bound>) -> io::Result<Self> {
        let named =
            listeners.map(|it| Ok((it.place.clone(), it.listener.as_fd().try_clone_to_owned()?)));
        let named = named.collect::<io::Result<_>>()?;
        let mut sockets = Sockets { named, files: SocketFiles::default() };
        if std::env::var_os(MARK).is_none() {
            sockets.own_files();
        }
        Ok(sockets)
    }

    fn own_files(&mut self) {
        self.files = SocketFiles::at(self.named.iter().map(|(place, _)| place.as_str()));
    }
}

impl Handover {
    /// Of these sockets, by servers that finish requests under way `within` this time.
    pub(crate) fn new(sockets: Sockets, servers: Vec<ShutdownHandle>, within: Duration) -> Self {
        Handover { servers, within, state: Mutex::new(State::Serving(sockets)) }
    }

    /// Starts the program's file again and hands over to it. If it does not begin, this server goes
    /// on. `tell` is called with the new process while this one is certain to be there: it may end
    /// as soon as it accepts no more.
    ///
    /// # Errors
    /// Why the new one has not begun, or that another has been started already.
    pub(crate) fn run(&self, tell: impl FnOnce(u32)) -> Result<(), String> {
        let mut channel = self.start().map_err(|error| error.to_string())?;
        let ready = channel.set_read_timeout(Some(PATIENCE));
        let ready = ready.and_then(|()| channel.read_exact(&mut [0; 6]));
        let mut state = self.lock();
        let State::Starting(mut child, sockets) = std::mem::replace(&mut *state, State::Ended)
        else {
            return Err("this one ends".into());
        };
        if let Err(error) = ready {
            let _ = child.kill();
            let status = child.wait().map(|status| format!("{status}, {error}"));
            *state = State::Serving(sockets);
            return Err(status.unwrap_or_else(|error| error.to_string()));
        }
        *state = State::HandedOver;
        sockets.files.leave();
        drop(state);
        tell(child.id());
        self.servers.iter().for_each(|server| server.hand_over(self.within));
        Ok(())
    } // and the channel is closed

    /// Starts the new process; returns the channel to it.
    fn start(&self) -> io::Result<UnixStream> {
        let mut state = self.lock();
        let State::Serving(sockets) = &*state else {
            return Err(io::Error::other("another has been started already, or this one ends"));
        };
        let (ours, theirs) = UnixStream::pair()?;
        let mut words = std::env::args_os();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).stdin(OwnedFd::from(theirs)).env(MARK, "1");
        let names = inherited::names(sockets.named.iter().map(|(place, _)| place.as_str()));
        command.env("LISTEN_FDS", sockets.named.len().to_string()).env("LISTEN_FDNAMES", names);
        command.env_remove("LISTEN_PID").env_remove("WATCHDOG_PID"); // known only after fork(2)
        let mappings = (FIRST..).zip(&sockets.named).map(|(child_fd, (_, socket))| {
            Ok(FdMapping { parent_fd: socket.try_clone()?, child_fd })
        });
        let mappings = mappings.collect::<io::Result<_>>()?;
        let child = command.fd_mappings(mappings).map_err(io::Error::other)?.spawn()?;
        if let State::Serving(sockets) = std::mem::replace(&mut *state, State::Ended) {
            *state = State::Starting(child, sockets);
        }
        Ok(ours)
    }

    /// The server before is relieved: the files of the sockets are this one's.
    pub(crate) fn own_files(&self) {
        if let State::Serving(sockets) | State::Starting(_, sockets) = &mut *self.lock() {
            sockets.own_files();
        }
    }

    /// Is called when shutdown begins and when the server has ended: nobody can take over then.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Ended) {
            State::HandedOver => *state = State::HandedOver,
            State::Starting(mut child, _) => {
                let _ = child.kill(); // it is not wanted any more
                notify::stopping();
            }
            State::Serving(_) => notify::stopping(),
            State::Ended => {}
        }
    }

    /// Whether another server has taken over.
    pub(crate) fn is_done(&self) -> bool {
        matches!(*self.lock(), State::HandedOver)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands over whenever it is called, and says so.
pub(crate) fn on_signal(handover: &Handover, say: impl Fn(std::fmt::Arguments<'_>)) {
    notify::reloading();
    let tell = |process| {
        notify::replaced_by(process);
        say(format_args!("Handed over to process {process}: requests under way are finished"));
    };
    if let Err(why) = handover.run(tell) {
        notify::ready();
        tracing::error!("no new server has taken over, so this one goes on: {why}");
    }
}
