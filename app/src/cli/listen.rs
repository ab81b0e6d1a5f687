//! Listening, which may take more than one attempt.

use std::io;
use std::thread;
use std::time::Duration;

use crate::cli::error::Error;
use crate::cli::options::Options;
use crate::operation::listeners::{Access, Bound};

/// Listens at all of these addresses and paths.
///
/// # Errors
/// The first failure.
pub(super) fn listen_all(places: &[String], options: &Options) -> Result<Vec<Bound>, Error> {
    let access = access(options);
    places.iter().map(|place| listen(place, |place| Bound::new(place, &access))).collect()
}

/// Who may connect at a path.
#[cfg(unix)]
fn access(options: &Options) -> Access {
    let sockets = &options.sockets;
    Access { mode: sockets.socket_mode, owner: sockets.socket_owner.clone() }
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
pub(super) fn listen<T>(address: &str, bind: impl Fn(&str) -> io::Result<T>) -> Result<T, Error> {
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
