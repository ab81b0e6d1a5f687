//! Signals of the operating system: what each has the server do, and which are left alone.

use std::io;

/// Calls whenever SIGINT, SIGTERM or, if it `hangs_up`, SIGHUP comes, except for those that were
/// ignored when the program started.
///
/// # Errors
/// If the system refuses the handlers or the thread that waits for them.
#[cfg(unix)]
pub(crate) fn on_shutdown(hangs_up: bool, begin: impl Fn() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
    // Without a handler a file that may not grow further (`ulimit -f`) would be the end of the
    // process, not of one upload.
    signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default())?;
    // What rotates logs sends SIGUSR1, whether there is one or not.
    signal_hook::flag::register(SIGUSR1, std::sync::Arc::default())?;
    let all = [SIGINT, SIGTERM, SIGHUP];
    on_signals(if hangs_up { &all } else { &all[..2] }, "signals", begin)
}

/// Calls whenever SIGHUP comes, unless it was ignored when the program started.
///
/// # Errors
/// As [`on_shutdown`].
#[cfg(unix)]
pub(crate) fn on_hangup(call: impl FnMut() + Send + 'static) -> io::Result<()> {
    on_signals(&[signal_hook::consts::SIGHUP], "hangup", call)
}

/// Calls whenever log files are to be opened again: SIGUSR1 says so, and SIGHUP among other things.
///
/// # Errors
/// As [`on_shutdown`].
#[cfg(unix)]
pub(crate) fn on_rotation(call: impl FnMut() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGUSR1};
    on_signals(&[SIGUSR1, SIGHUP], "rotation", call)
}

/// Calls on a thread of this name whenever one of these signals comes, except for those that were
/// ignored when the program started.
#[cfg(unix)]
fn on_signals(all: &[i32], name: &str, mut call: impl FnMut() + Send + 'static) -> io::Result<()> {
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    let (mut signals, end) = UnixStream::pair()?;
    for &signal in all.iter().filter(|&&signal| !is_ignored(signal)) {
        signal_hook::low_level::pipe::register(signal, end.try_clone()?)?;
    }
    // A byte for each. The other end is kept, so that there is something to wait for in any case.
    let listen = move || {
        let _end = end;
        while signals.read_exact(&mut [0]).is_ok() {
            call();
        }
    };
    std::thread::Builder::new().name(name.into()).spawn(listen).map(drop)
}

/// Calls whenever SIGUSR2 comes: another server is to take over.
///
/// # Errors
/// As [`on_shutdown`].
#[cfg(unix)]
pub(crate) fn on_takeover(call: impl FnMut() + Send + 'static) -> io::Result<()> {
    on_signals(&[signal_hook::consts::SIGUSR2], "takeover", call)
}

/// There is no such signal here.
#[cfg(not(unix))]
pub(crate) fn on_hangup(_: impl FnMut() + Send + 'static) -> io::Result<()> {
    Ok(())
}

/// There are no such signals here.
#[cfg(not(unix))]
pub(crate) fn on_rotation(_: impl FnMut() + Send + 'static) -> io::Result<()> {
    Ok(())
}

/// Calls whenever Ctrl-C is pressed.
///
/// # Errors
/// If the system refuses the handler.
#[cfg(not(unix))]
pub(crate) fn on_shutdown(_: bool, begin: impl Fn() + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(begin).map_err(io::Error::other)
}

/// Whether a signal is ignored. `nohup` starts programs so that they outlive their terminal, and a
/// shell those in the background; to set a handler all the same would undo that (glibc manual,
/// "Initial Signal Actions"). Asked before any handler is set. Where there is no `/proc`, no signal
/// is known to be ignored: to ask the system otherwise takes unsafe code.
#[cfg(unix)]
pub(crate) fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The standard library ignores SIGPIPE (signal 13) before `main`.
    #[test]
    fn a_signal_that_is_ignored_is_known() {
        assert!(is_ignored(signal_hook::consts::SIGPIPE));
        assert!(!is_ignored(signal_hook::consts::SIGTERM));
    }
}
