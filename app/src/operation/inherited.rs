//! Sockets that the program was started with: by systemd (`sd_listen_fds(3)`), or by the server
//! that it takes over from.

use std::io;

use backend_common::Listener;
use listenfd::ListenFd;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::operation::listeners::Bound;

/// What cannot stand in a name, since a colon is between two names.
const NOT_IN_NAMES: &AsciiSet = &CONTROLS.add(b':').add(b'%');

/// Sockets with their names: those of units, or else the words of `--listen`, which have a colon.
#[derive(Debug, Default)]
pub(crate) struct Inherited(Vec<Bound>);

impl Inherited {
    /// Takes what the environment says, out of it as well. So no other thread may be running.
    ///
    /// # Errors
    /// If something else was passed than sockets that listen.
    pub(crate) fn take() -> io::Result<Self> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names = names.split(':').map(|name| percent_decode_str(name).decode_utf8_lossy());
        let names = names.chain(std::iter::repeat("".into()));
        let mut passed = ListenFd::from_env();
        let all = (0..passed.len()).zip(names).map(|(at, name)| {
            let listener = match passed.take_tcp_listener(at) {
                Ok(listener) => listener.map(Listener::Tcp),
                Err(_) => passed.take_unix_listener(at)?.map(Listener::Unix),
            };
            let taken = || io::Error::other("it was taken before");
            Ok(Bound { place: name.into_owned(), listener: listener.ok_or_else(taken)? })
        });
        all.collect::<io::Result<_>>().map(Inherited)
    }

    /// The sockets of systemd's: of those named `https` or `tls`, or of the others.
    pub(crate) fn of_units(&mut self, secured: bool) -> Vec<Bound> {
        let is_meant = |it: &mut Bound| {
            let is_secured = ["https", "tls"].contains(&it.place.as_str());
            !it.place.contains(':') && is_secured == secured
        };
        self.0.extract_if(.., is_meant).collect()
    }

    /// The socket that was bound for this place.
    pub(crate) fn at(&mut self, place: &str) -> Option<Bound> {
        let at = self.0.iter().position(|it| it.place == place)?;
        Some(self.0.remove(at))
    }
}

/// The names of sockets, as they are passed on.
pub(crate) fn names<'a>(places: impl Iterator<Item = &'a str>) -> String {
    let names = places.map(|place| utf8_percent_encode(place, NOT_IN_NAMES).to_string());
    names.collect::<Vec<_>>().join(":")
}
