//! Listening, which may take more than one attempt.

use std::io;
use std::net::SocketAddrV4;
use std::thread;
use std::time::Duration;

use crate::cli::error::Error;
use crate::cli::options::Options;
use crate::cli::place::{Place, Words};
use crate::operation::Inherited;
use crate::operation::listeners::{Access, Bound};

/// All that a server listens on.
pub(super) struct Listeners {
    pub(super) plain: Vec<Bound>,
    pub(super) secured: Vec<Bound>,
    pub(super) admin: Option<Bound>,
    /// What is said of each alone: first of the plain ones, then of the secured.
    pub(super) words: Vec<Words>,
}

impl Listeners {
    /// Listens wherever the options say. Nobody else has what was inherited afterwards.
    ///
    /// # Errors
    /// The first failure.
    pub(super) fn open(options: &Options, mut inherited: Inherited) -> Result<Self, Error> {
        let (plain, mut words) = listen_all(&options.listen, false, &mut inherited, options)?;
        let (secured, further) =
            listen_all(&options.tls.tls_listen, true, &mut inherited, options)?;
        words.extend(further);
        let admin = listen_for_admins(options, &mut inherited)?;
        Ok(Listeners { plain, secured, admin, words })
    }

    /// Each of them.
    #[cfg(unix)]
    pub(super) fn all(&self) -> impl Iterator<Item = &Bound> {
        self.plain.iter().chain(&self.secured).chain(&self.admin)
    }

    /// Where clients find them, with a note behind those that are secured.
    pub(super) fn urls(&self, note: &str) -> Vec<String> {
        let plain = self.plain.iter().map(|it| it.shown("http"));
        plain.chain(self.secured.iter().map(|it| it.shown("https") + note)).collect()
    }

    /// The numbers of those that lead their clients to HTTPS.
    pub(super) fn redirecting(&self) -> Vec<usize> {
        let words = self.words.iter().enumerate();
        words.filter(|(_, it)| it.redirect).map(|(listener, _)| listener).collect()
    }
}

/// Listens at all of these addresses and paths. Sockets that were made for the program when it was
/// started are taken, and those that systemd has made take the place of all others. Returns what is
/// said of each alone as well.
///
/// # Errors
/// The first failure.
fn listen_all(
    places: &[Place],
    secured: bool,
    inherited: &mut Inherited,
    options: &Options,
) -> Result<(Vec<Bound>, Vec<Words>), Error> {
    let of_units = inherited.of_units(secured);
    if !of_units.is_empty() {
        let words = vec![Words::default(); of_units.len()];
        return Ok((of_units, words));
    }
    let access = access(options);
    let all = places.iter().map(|Place { at, .. }| match inherited.at(at) {
        Some(bound) => Ok(bound),
        None => listen(at, |at| match port_without_ipv4(at, options) {
            Some(port) => Bound::without_ipv4(at, port),
            None => Bound::new(at, &access),
        }),
    });
    let words = places.iter().map(|place| place.words.clone());
    Ok((all.collect::<Result<_, _>>()?, words.collect()))
}

/// The port of `[::]`, if a listener at an address of IPv4 has the same.
fn port_without_ipv4(at: &str, options: &Options) -> Option<u16> {
    let port = at.strip_prefix("[::]:")?.parse().ok().filter(|port| *port != 0)?;
    let places = options.listen.iter().chain(&options.tls.tls_listen).map(|place| &place.at);
    let mut others = places.chain(&options.logs.admin).filter_map(|it| it.parse().ok());
    others.any(|other: SocketAddrV4| other.port() == port).then_some(port)
}

/// Listens for administrators, if the options say where. The socket has a name of its own: it is
/// handed over like the others, but is never one of them.
///
/// # Errors
/// The last failure.
fn listen_for_admins(options: &Options, inherited: &mut Inherited) -> Result<Option<Bound>, Error> {
    let Some(address) = &options.logs.admin else { return Ok(None) };
    let place = format!("admin:{address}");
    if let Some(bound) = inherited.at(&place) {
        return Ok(Some(bound));
    }
    let bound = listen(address, |address| Bound::new(address, &Access::default()))?;
    Ok(Some(Bound { place, ..bound }))
}

/// Who may connect at a path.
#[cfg(unix)]
fn access(options: &Options) -> Access {
    let operation = &options.operation;
    Access { mode: operation.socket_mode, owner: operation.socket_owner.clone() }
}

#[cfg(not(unix))]
fn access(_: &Options) -> Access {
    Access {}
}

/// Listens at an address. One that is taken is tried again for a moment: of a server with a ring
/// that was killed, the kernel lets go a little later.
///
/// # Errors
/// The last failure.
fn listen<T>(address: &str, bind: impl Fn(&str) -> io::Result<T>) -> Result<T, Error> {
    const TRIES: usize = 5;
    const BETWEEN: Duration = Duration::from_millis(200);
    let mut result = bind(address);
    for _ in 1..TRIES {
        match &result {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                thread::sleep(BETWEEN);
                result = bind(address);
            }
            _ => break,
        }
    }
    result.map_err(|error| Error::Listen { address: address.to_owned(), error })
}
