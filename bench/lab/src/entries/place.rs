//! What one start of a server has for itself: a directory, ports, and words that stand for them.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

/// A directory, and what the words in braces of a command line mean in it.
#[derive(Debug)]
pub(super) struct Place {
    directory: TempDir,
    words: Vec<(&'static str, String)>,
}

impl Place {
    pub(super) fn new() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("lab-").tempdir()?;
        let mut place = Place { directory, words: Vec::new() };
        place.add("{directory}", place.path().display().to_string());
        Ok(place)
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn add(&mut self, word: &'static str, meaning: String) {
        self.words.push((word, meaning));
    }

    pub(super) fn fill_in(&self, text: &str) -> String {
        let words = self.words.iter();
        words.fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning))
    }

    /// Writes a file, with its words filled in.
    pub(super) fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.path().join(name);
        fs::write(&path, self.fill_in(text))?;
        Ok(path)
    }
}

/// A port that nobody else is given while a server starts: it is bound here, and not listened at.
/// With `SO_REUSEADDR`, which servers set, that does not keep them from listening.
#[derive(Debug)]
pub(super) struct Port {
    _socket: Socket,
    pub(super) address: SocketAddr,
}

impl Port {
    pub(super) fn reserve() -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        let address = socket.local_addr()?.as_socket();
        let address = address.ok_or_else(|| io::Error::other("a socket without an address"))?;
        Ok(Port { _socket: socket, address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn words_are_filled_in_and_other_braces_stay() {
        let mut place = Place::new().expect("there is room");
        place.add("{port}", "80".into());
        let path = place.write("a", "{ listen {port}; at {directory} }").expect("there is room");
        let expected = format!("{{ listen 80; at {} }}", place.path().display());
        assert_eq!(fs::read_to_string(path).expect("it has been written"), expected);
        let directory = place.path().to_owned();
        drop(place);
        assert!(!directory.exists());
    }

    #[test]
    fn a_reserved_port_is_refused_to_clients_and_can_be_listened_at() {
        let port = Port::reserve().expect("a port is free");
        assert!(TcpStream::connect(port.address).is_err());
        let _listener = TcpListener::bind(port.address).expect("it is reserved for us");
        assert!(TcpStream::connect(port.address).is_ok());
    }
}
