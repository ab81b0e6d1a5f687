//! A TCP connection that does not block, and TLS on it if there is to be any.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustls::ClientConnection;

use crate::load::tls::Tls;

#[derive(Debug)]
pub(super) struct Transport {
    stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
    is_connected: bool,
}

/// What a look at the input found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Input {
    /// So many bytes; there may be more.
    Some(usize),
    /// So many bytes, and for now there are no more.
    Last(usize),
    /// Nothing for now.
    Nothing,
    /// The server has closed.
    End,
}

impl Transport {
    /// Begins to connect.
    pub(super) fn connect(
        server: SocketAddr,
        tls: Option<&Tls>,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        let tls = tls.map(Tls::client).transpose()?.map(Box::new);
        let mut stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Transport { stream, tls, is_connected: false })
    }

    /// The kernel says that the socket is writable: so it is connected, unless it has failed.
    pub(super) fn finish_connecting(&mut self) -> io::Result<()> {
        if !self.is_connected {
            self.stream.take_error()?.map_or(Ok(()), Err)?;
            self.is_connected = true;
        }
        Ok(())
    }

    /// Whether bytes of the protocol can be sent.
    pub(super) fn is_open(&self) -> bool {
        self.is_connected && self.tls.as_ref().is_none_or(|tls| !tls.is_handshaking())
    }

    pub(super) fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Reads what there is, as far as it fits.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Input> {
        let Some(tls) = &mut self.tls else { return read_plain(&mut self.stream, buffer) };
        loop {
            match tls.reader().read(buffer) {
                Ok(0) => return Ok(Input::End),
                Ok(count) => return Ok(Input::Some(count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            match tls.read_tls(&mut self.stream) {
                Ok(0) => return Ok(Input::End),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Input::Nothing),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            tls.process_new_packets().map_err(io::Error::other)?;
            if tls.wants_write() {
                self.flush()?;
                return Ok(Input::Some(0));
            }
        }
    }

    /// Sends as many bytes as the kernel takes, or TLS.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => write_plain(&mut self.stream, bytes),
            Some(tls) => {
                let count = tls.writer().write(bytes)?;
                self.flush()?;
                Ok(count)
            }
        }
    }

    /// Sends records of TLS that could not be sent yet.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let Some(tls) = self.tls.as_mut().filter(|_| self.is_connected) else { return Ok(()) };
        while tls.wants_write() {
            match tls.write_tls(&mut self.stream) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
        Ok(())
    }

    /// Says goodbye, as far as TLS has a word for it.
    pub(super) fn close(mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            // Nobody is left to be told of an error.
            let _ = self.flush();
        }
    }
}

fn read_plain(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<Input> {
    loop {
        return match stream.read(buffer) {
            Ok(0) => Ok(Input::End),
            // With less than there is room for, the socket is empty; an event will say when there
            // is more.
            Ok(count) if count < buffer.len() => Ok(Input::Last(count)),
            Ok(count) => Ok(Input::Some(count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Input::Nothing),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
    }
}

/// Sends what fits: nothing, if there is no room.
fn write_plain(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    loop {
        return match stream.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other,
        };
    }
}
