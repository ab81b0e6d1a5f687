//! Where clients connect: an address of TCP, or a path (unix(7)).

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};

/// A socket that listens.
///
/// ```
/// use backend_common::{Backend, BindError, Server};
/// use std::net::TcpListener;
///
/// /// A server on a socket that somebody else has made.
/// fn adopt<B: Backend>(listener: TcpListener) -> Result<Server<B>, BindError> {
///     Server::from_listener(listener)
/// }
/// ```
#[derive(Debug)]
pub enum Listener {
    /// At an address and a port.
    Tcp(TcpListener),
    /// At a path.
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Listener {
    /// Accepts a client, and says where it comes from; by a path, nobody has an address.
    ///
    /// # Errors
    /// Those of accept(2).
    pub fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        match self {
            Listener::Tcp(listener) => listener.accept().map(|(it, peer)| (it, Some(peer))),
            #[cfg(unix)]
            Listener::Unix(listener) => listener.accept().map(|(it, _)| (as_tcp(it), None)),
        }
    }

    /// Has accept(2) fail with `WouldBlock` where it would wait, or wait again.
    ///
    /// # Errors
    /// Those of fcntl(2).
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        match self {
            Listener::Tcp(listener) => listener.set_nonblocking(nonblocking),
            #[cfg(unix)]
            Listener::Unix(listener) => listener.set_nonblocking(nonblocking),
        }
    }

    /// The same socket once more.
    ///
    /// # Errors
    /// If the system has no further descriptor.
    pub fn try_clone(&self) -> io::Result<Self> {
        match self {
            Listener::Tcp(listener) => listener.try_clone().map(Listener::Tcp),
            #[cfg(unix)]
            Listener::Unix(listener) => listener.try_clone().map(Listener::Unix),
        }
    }

    /// Its address and port, if it has them.
    ///
    /// # Errors
    /// Those of getsockname(2).
    pub fn address(&self) -> io::Result<Option<SocketAddr>> {
        match self {
            Listener::Tcp(listener) => listener.local_addr().map(Some),
            #[cfg(unix)]
            Listener::Unix(_) => Ok(None),
        }
    }
}

/// The same socket under the name of TCP. It is the standard library's name for a stream socket:
/// what is called on it once it is connected (recv(2), send(2), shutdown(2)) asks for no family. So
/// a backend drives connections of either kind with the same code, and only accepts them by two.
#[cfg(unix)]
pub fn as_tcp(stream: UnixStream) -> TcpStream {
    TcpStream::from(OwnedFd::from(stream))
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Listener::Tcp(listener)
    }
}

#[cfg(unix)]
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Listener::Unix(listener)
    }
}

#[cfg(unix)]
impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Listener::Tcp(listener) => listener.as_fd(),
            Listener::Unix(listener) => listener.as_fd(),
        }
    }
}

#[cfg(unix)]
impl From<Listener> for OwnedFd {
    fn from(listener: Listener) -> Self {
        match listener {
            Listener::Tcp(listener) => listener.into(),
            Listener::Unix(listener) => listener.into(),
        }
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsSocket for Listener {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        let Listener::Tcp(listener) = self;
        listener.as_socket()
    }
}
