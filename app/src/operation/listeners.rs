//! All that a server listens on.

#[cfg(unix)]
use std::path::Path;

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};

use backend_common::{Listener, socket};

#[cfg(unix)]
use crate::operation::unix_socket::{self, SocketFile};

/// What precedes a path where an address could stand.
pub(crate) const PATH: &str = "unix:";

/// Who may connect to sockets that are made at a path.
#[cfg(unix)]
pub(crate) use crate::operation::unix_socket::Access;

/// There are no paths.
#[cfg(not(unix))]
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {}

/// A socket that listens, and where, in the words of `--listen`.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) place: String,
    pub(crate) listener: Listener,
}

impl Bound {
    /// Listens at an address and port, or at `unix:` and a path.
    ///
    /// # Errors
    /// Those of the system.
    #[cfg_attr(not(unix), allow(unused_variables, reason = "there are no paths"))]
    pub(crate) fn new(place: &str, access: &Access) -> io::Result<Self> {
        let listener = match place.strip_prefix(PATH) {
            #[cfg(unix)]
            Some(path) => unix_socket::listen(Path::new(path), access)?.into(),
            _ => socket::listen(place)?.into(),
        };
        Ok(Bound { place: place.to_owned(), listener })
    }

    /// Listens at all addresses of IPv6 at a port, and leaves those of IPv4 to another listener.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn without_ipv4(place: &str, port: u16) -> io::Result<Self> {
        let address = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0);
        let listener = socket::listen_without_ipv4(address)?.into();
        Ok(Bound { place: place.to_owned(), listener })
    }

    /// Where clients find it, as a URL or the words of `--listen`.
    pub(crate) fn shown(&self, scheme: &str) -> String {
        match self.listener.address() {
            Ok(Some(address)) => format!("{scheme}://{address}/"),
            _ => self.place.clone(),
        }
    }
}

/// The files of sockets at a path. When this is dropped they are removed, as far as they are still
/// those of this server.
#[cfg(unix)]
#[derive(Debug, Default)]
pub(crate) struct SocketFiles(Vec<SocketFile>);

#[cfg(unix)]
impl SocketFiles {
    /// Those at these places, as far as they are paths.
    pub(crate) fn at<'a>(places: impl Iterator<Item = &'a str>) -> Self {
        let paths = places.filter_map(|place| place.strip_prefix(PATH));
        SocketFiles(paths.filter_map(|path| SocketFile::at(Path::new(path)).ok()).collect())
    }

    /// Leaves them to another server.
    pub(crate) fn leave(mut self) {
        self.0.clear();
    }
}

#[cfg(unix)]
impl Drop for SocketFiles {
    fn drop(&mut self) {
        self.0.iter().for_each(SocketFile::remove);
    }
}
