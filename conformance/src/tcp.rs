//! A connection over TCP.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::transport::Transport;

pub(crate) struct Tcp {
    stream: TcpStream,
    /// Longest wait for the server to take something.
    timeout: Duration,
    /// Bytes that came while we were writing.
    kept: Vec<u8>,
}

impl Tcp {
    pub(crate) fn connect(server: SocketAddr, timeout: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&server, timeout)?;
        stream.set_nodelay(true)?;
        Ok(Tcp { stream, timeout, kept: Vec::new() })
    }

    /// Reads without the patience of [`Transport::read`].
    fn read_some(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        let mut bytes = [0; 64 << 10];
        let count = self.stream.read(&mut bytes)?;
        into.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    /// Keeps what has come. Whether there was something.
    fn keep(&mut self) -> bool {
        let mut kept = std::mem::take(&mut self.kept);
        let came = self.read_some(&mut kept);
        self.kept = kept;
        matches!(came, Ok(1..))
    }
}

impl Transport for Tcp {
    /// Reads meanwhile: a server that is not read need not read either.
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
                    if !self.keep() {
                        thread::sleep(Duration::from_millis(1));
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read(&mut self, into: &mut Vec<u8>, deadline: Instant) -> io::Result<usize> {
        if !self.kept.is_empty() {
            let count = self.kept.len();
            into.append(&mut self.kept);
            return Ok(count);
        }
        self.stream.set_nonblocking(false)?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            self.stream.set_read_timeout(Some(left))?;
            match self.read_some(into) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(ErrorKind::TimedOut.into());
                }
                other => return other,
            }
        }
    }

    fn half_close(&mut self) {
        drop(self.stream.shutdown(Shutdown::Write));
    }

    fn pause(&mut self, time: Duration) {
        thread::sleep(time);
    }

    fn now(&self) -> Instant {
        Instant::now()
    }
}
