//! The thread that keeps certificates fresh.

use std::io;
use std::sync::Weak;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::Certificates;
#[cfg(unix)]
use crate::signals::is_ignored;
#[cfg(unix)]
use signal_hook::consts::SIGHUP;

/// Starts the thread. Signals count from when this returns.
pub(super) fn start(
    certificates: Weak<Certificates>,
    look: Duration,
) -> io::Result<JoinHandle<()>> {
    let alarm = Alarm::new(look)?;
    Builder::new().name("certificates".into()).spawn(move || {
        let mut watch = Watch { recent: true, said: None };
        loop {
            let asked = alarm.wait();
            // Held for the look only: while we wait, others may let them go.
            let Some(certificates) = certificates.upgrade() else { return };
            match watch.look(&certificates, asked) {
                Some(News::Replaced) => tracing::info!("certificates: the new ones are in use"),
                Some(News::Same) => tracing::debug!("certificates: read again, they are the same"),
                Some(News::Kept(why)) => {
                    tracing::warn!("certificates: the old ones stay in use: {why}");
                }
                None => {}
            }
        }
    })
}

/// The state of the files at the last look.
struct Watch {
    /// At the last look there was a change. File times are coarse, so that one may hide a second:
    /// after a change, and at first, the files are read once more.
    recent: bool,
    /// The last error that was logged, if they cannot be used.
    said: Option<String>,
}

/// News that are worth a line of the log.
#[derive(Debug, PartialEq)]
enum News {
    Replaced,
    /// Said if somebody has asked, or after the files could not be used.
    Same,
    /// The old ones, because the files cannot be used. Said once, not at each look.
    Kept(String),
}

impl Watch {
    fn look(&mut self, certificates: &Certificates, asked: bool) -> Option<News> {
        let changed = certificates.files_have_changed();
        let again = std::mem::replace(&mut self.recent, changed);
        if asked {
            self.said = None; // who asks wants to hear it again
        }
        if asked || changed || again { self.reload(certificates, asked) } else { None }
    }

    fn reload(&mut self, certificates: &Certificates, asked: bool) -> Option<News> {
        match certificates.reload() {
            Ok(differ) => {
                let mended = self.said.take().is_some();
                if differ { Some(News::Replaced) } else { (asked || mended).then_some(News::Same) }
            }
            Err(error) => {
                let why = error.to_string();
                let said = self.said.replace(why.clone());
                (said.as_ref() != Some(&why)).then_some(News::Kept(why))
            }
        }
    }
}

/// Waits for SIGHUP, but not for longer than until the next look.
#[cfg(unix)]
struct Alarm {
    stream: std::os::unix::net::UnixStream,
    /// Keeps the stream open where there is no handler.
    _end: std::os::unix::net::UnixStream,
    handler: Option<signal_hook::SigId>,
}

#[cfg(unix)]
impl Alarm {
    fn new(look: Duration) -> io::Result<Self> {
        let (stream, end) = std::os::unix::net::UnixStream::pair()?;
        stream.set_read_timeout(Some(look))?;
        let handler = if is_ignored(SIGHUP) {
            None // and stays so: to look is enough
        } else {
            Some(signal_hook::low_level::pipe::register(SIGHUP, end.try_clone()?)?)
        };
        Ok(Alarm { stream, _end: end, handler })
    }

    /// Whether it was SIGHUP.
    fn wait(&self) -> bool {
        // Several signals at once are one; an error is the time limit.
        matches!(io::Read::read(&mut &self.stream, &mut [0; 64]), Ok(1..))
    }
}

#[cfg(unix)]
impl Drop for Alarm {
    fn drop(&mut self) {
        self.handler.map(signal_hook::low_level::unregister);
    }
}

#[cfg(not(unix))]
struct Alarm {
    look: Duration,
}

#[cfg(not(unix))]
impl Alarm {
    fn new(look: Duration) -> io::Result<Self> {
        Ok(Alarm { look })
    }

    fn wait(&self) -> bool {
        std::thread::sleep(self.look);
        false
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::*;
    use crate::certificates::self_signed;

    #[test]
    fn a_failure_that_persists_is_logged_once() {
        let directory = tempfile::tempdir().unwrap();
        let made = self_signed(directory.path()).unwrap();
        let pair = (made.certificate.clone(), made.key.clone());
        let certificates = Certificates::load(vec![pair]).unwrap();
        let mut watch = Watch { recent: true, said: None };
        let mut look = |asked| watch.look(&certificates, asked);

        assert_eq!(look(false), None);
        assert_eq!(look(true), Some(News::Same));

        let key = fs::read(&made.key).unwrap();
        fs::write(&made.key, "half a key").unwrap();
        let why = || Some(News::Kept(format!("{} is not a PEM file", made.key.display())));
        assert_eq!([look(false), look(false)], [why(), None]);
        assert_eq!([look(true), look(false)], [why(), None]);

        fs::write(&made.key, key).unwrap();
        assert_eq!([look(false), look(false)], [Some(News::Same), None]);

        fs::remove_file(&made.key).unwrap();
        self_signed(directory.path()).unwrap();
        assert_eq!([look(false), look(false)], [Some(News::Replaced), None]);
    }

    #[test]
    fn files_that_changed_are_read_once_more() {
        let directory = tempfile::tempdir().unwrap();
        let made = self_signed(directory.path()).unwrap();
        let pair = (made.certificate.clone(), made.key);
        let certificates = Certificates::load(vec![pair]).unwrap();
        let read = || Arc::as_ptr(&certificates.current());
        let mut watch = Watch { recent: true, said: None };
        let mut is_read = || {
            let before = certificates.current();
            watch.look(&certificates, false);
            Arc::as_ptr(&before) != read()
        };
        assert_eq!([is_read(), is_read()], [true, false]);
        let text = fs::read_to_string(&made.certificate).unwrap();
        fs::write(&made.certificate, text + "\n").unwrap();
        assert_eq!([is_read(), is_read(), is_read()], [true, true, false]);
    }
}
