//! What the server says to systemd, or to what else has set `NOTIFY_SOCKET` (`sd_notify(3)`).

use std::io;
use std::thread;

use sd_notify::NotifyState;

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("cannot notify the service manager: {error}");
    }
}

/// Clients are accepted.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// No clients are accepted any more, and nobody else does.
pub(crate) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Something is to change; [`ready`] ends it.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(_) => notify(&[NotifyState::Reloading]),
    }
}

/// Another process is the server from now on, and accepts clients.
pub(crate) fn replaced_by(process: u32) {
    notify(&[NotifyState::MainPid(process), NotifyState::Ready]);
}

/// Says twice in the time that was set (`WatchdogSec=`) that this process runs.
///
/// # Errors
/// If the system refuses a thread.
pub(crate) fn watch() -> io::Result<()> {
    let Some(time) = sd_notify::watchdog_enabled() else { return Ok(()) };
    let report = move || {
        loop {
            notify(&[NotifyState::Watchdog]);
            thread::sleep(time / 2);
        }
    };
    thread::Builder::new().name("watchdog".into()).spawn(report).map(drop)
}
