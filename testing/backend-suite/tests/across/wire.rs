//! The wire over which a script is played: TCP, or TLS over it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

/// Longest wait for anything. Nothing takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to write before seeing whether there is something to read: a server that is not read
/// from does not read either.
const BETWEEN: Duration = Duration::from_millis(10);

/// One connection, from the client's side.
pub(crate) trait Wire {
    /// Sends all of this, and takes meanwhile what comes. A server that has heard enough may refuse
    /// to hear more, so an error is left to `receive`.
    fn send(&mut self, bytes: &[u8], seen: &mut Vec<u8>);

    /// Waits until more has come; 0 at the end of the stream.
    fn receive(&mut self, seen: &mut Vec<u8>) -> io::Result<usize>;

    /// Closes our side.
    fn half_close(&mut self, seen: &mut Vec<u8>);

    /// Has the connection reset when it is dropped.
    fn reset(&mut self);

    /// Time passes, so that two pieces are not read as one.
    fn pause(&mut self);
}

/// TCP.
pub(crate) struct Tcp(TcpStream);

impl Tcp {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?; // every piece is a segment
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(BETWEEN))?;
        Ok(Tcp(stream))
    }
}

impl Wire for Tcp {
    fn send(&mut self, mut bytes: &[u8], seen: &mut Vec<u8>) {
        while !bytes.is_empty() {
            match self.0.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if is_late(&error) => match self.receive(seen) {
                    Ok(1..) => {}
                    _ => return,
                },
                Err(_) => return,
            }
        }
    }

    fn receive(&mut self, seen: &mut Vec<u8>) -> io::Result<usize> {
        read_into(&mut self.0, seen)
    }

    fn half_close(&mut self, _: &mut Vec<u8>) {
        let _ = self.0.shutdown(Shutdown::Write); // the server may have gone
    }

    fn reset(&mut self) {
        socket2::SockRef::from(&self.0).set_linger(Some(Duration::ZERO)).unwrap();
    }

    fn pause(&mut self) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// TLS over TCP.
pub(crate) struct Tls {
    session: ClientConnection,
    tcp: Tcp,
    /// The server sent something else than TLS, so that nothing more can be said.
    is_broken: bool,
}

impl Tls {
    pub(crate) fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<Self> {
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let mut session =
            ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        session.set_buffer_limit(None);
        let mut tls = Tls { session, tcp: Tcp::connect(address)?, is_broken: false };
        while tls.session.is_handshaking() {
            tls.flush(&mut Vec::new())?;
            tls.take(&mut Vec::new())?;
        }
        Ok(tls)
    }

    /// Encrypts what there is, and sends it.
    fn flush(&mut self, seen: &mut Vec<u8>) -> io::Result<()> {
        while self.session.wants_write() && !self.is_broken {
            match self.session.write_tls(&mut self.tcp.0) {
                Err(error) if is_late(&error) => self.take(seen).map(|_| ())?,
                result => result.map(|_| ())?,
            }
        }
        Ok(())
    }

    /// Reads once, and decrypts.
    fn take(&mut self, seen: &mut Vec<u8>) -> io::Result<usize> {
        let read = self.session.read_tls(&mut self.tcp.0)?;
        if let Err(error) = self.session.process_new_packets() {
            self.is_broken = true;
            return Err(io::Error::other(error));
        }
        match read_into(&mut self.session.reader(), seen) {
            Err(error) if error.kind() == ErrorKind::WouldBlock && read > 0 => Ok(0),
            result => result,
        }
    }
}

impl Wire for Tls {
    fn send(&mut self, bytes: &[u8], seen: &mut Vec<u8>) {
        if !self.is_broken {
            let _ = self.session.writer().write_all(bytes); // into memory, without a limit
            let _ = self.flush(seen);
        }
    }

    fn receive(&mut self, seen: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            // What was decrypted, or that the end was said. Without that the end is an error.
            match read_into(&mut self.session.reader(), seen) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
            if self.is_broken {
                return Err(ErrorKind::InvalidData.into());
            }
            match self.take(seen)? {
                0 => {}
                bytes => return Ok(bytes),
            }
        }
    }

    fn half_close(&mut self, seen: &mut Vec<u8>) {
        if !self.is_broken {
            self.session.send_close_notify();
            let _ = self.flush(seen);
        }
    }

    fn reset(&mut self) {
        self.tcp.reset();
    }

    fn pause(&mut self) {
        self.tcp.pause();
    }
}

fn read_into(from: &mut impl Read, seen: &mut Vec<u8>) -> io::Result<usize> {
    let mut piece = [0; 32 << 10];
    let bytes = from.read(&mut piece)?;
    seen.extend_from_slice(&piece[..bytes]);
    Ok(bytes)
}

/// Whether time was up.
pub(crate) fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
