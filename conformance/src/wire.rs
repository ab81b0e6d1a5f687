//! A connection to the server, and a record of what went over it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::runner::Delivery;

/// Keeps two writes in two segments.
const PAUSE: Duration = Duration::from_millis(20);

/// One connection at a time; the record goes on when it is replaced.
pub(crate) struct Wire {
    pub(crate) server: SocketAddr,
    pub(crate) timeout: Duration,
    delivery: Delivery,
    stream: TcpStream,
    /// What has come and has not been taken.
    pub(crate) pending: Vec<u8>,
    pub(crate) eof: bool,
    /// All that was sent.
    pub(crate) sent: Vec<u8>,
    /// All that came.
    pub(crate) seen: Vec<u8>,
}

impl Wire {
    pub(crate) fn open(
        server: SocketAddr,
        delivery: Delivery,
        timeout: Duration,
    ) -> Result<Self, String> {
        Ok(Wire {
            server,
            timeout,
            delivery,
            stream: connect(server, timeout)?,
            pending: Vec::new(),
            eof: false,
            sent: Vec::new(),
            seen: Vec::new(),
        })
    }

    /// Leaves the connection for a new one.
    pub(crate) fn reconnect(&mut self) -> Result<(), String> {
        self.stream = connect(self.server, self.timeout)?;
        self.pending.clear();
        self.eof = false;
        Ok(())
    }

    pub(crate) fn pause(&self) {
        thread::sleep(PAUSE);
    }

    /// Closes our side. The server may be gone already; what it sent before decides.
    pub(crate) fn half_close(&self) {
        drop(self.stream.shutdown(Shutdown::Write));
    }

    /// Sends in the way of the delivery. A server that has heard enough may refuse to hear more:
    /// what it said decides, so errors are left to whoever reads.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let before = self.sent.len();
        self.sent.extend_from_slice(bytes);
        let _ = match self.delivery {
            Delivery::Split(at) if (before + 1..self.sent.len()).contains(&at) => {
                let (first, second) = bytes.split_at(at - before);
                self.write(first).and_then(|()| {
                    self.pause();
                    self.write(second)
                })
            }
            Delivery::Bytes => bytes.chunks(1).try_for_each(|byte| self.write(byte)),
            Delivery::Whole | Delivery::Split(_) => self.write(bytes),
        };
    }

    /// Sends at once what is no part of the case.
    pub(crate) fn send_aside(&mut self, bytes: &[u8]) {
        let _ = self.write(bytes);
    }

    /// Writes, and reads meanwhile: a server that is not read need not read either.
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let mut progress = Instant::now();
        self.stream.set_nonblocking(true)?;
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => {
                    bytes = &bytes[count..];
                    progress = Instant::now();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if progress.elapsed() >= self.timeout {
                        return Err(ErrorKind::TimedOut.into());
                    }
                    if self.eof || self.read().is_err() {
                        thread::sleep(Duration::from_millis(1));
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits for more bytes or for the end.
    pub(crate) fn receive(&mut self, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_nonblocking(false)?;
        self.stream.set_read_timeout(Some(left))?;
        match self.read() {
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::TimedOut.into()),
            other => other,
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let mut bytes = [0; 64 << 10];
        let count = self.stream.read(&mut bytes)?;
        self.eof = count == 0;
        self.pending.extend_from_slice(&bytes[..count]);
        self.seen.extend_from_slice(&bytes[..count]);
        Ok(())
    }
}

fn connect(server: SocketAddr, timeout: Duration) -> Result<TcpStream, String> {
    let connect = || {
        let stream = TcpStream::connect_timeout(&server, timeout)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    connect().map_err(|error: io::Error| format!("no connection: {error}"))
}
