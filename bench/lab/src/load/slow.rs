//! Clients that take their time: they burden a server, and count for nothing.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How long a client takes for a byte.
const BYTE: Duration = Duration::from_millis(100);

/// How many groups of clients have their turn one after the other in that time, so that the burden
/// is even.
const GROUPS: usize = 10;

/// Clients that send a request a byte at a time and read the response as slowly, over and over.
pub(super) struct Slow {
    server: SocketAddr,
    /// A request after which the server closes: that is how the response ends.
    request: Vec<u8>,
    clients: Vec<Client>,
}

/// One of them.
#[derive(Default)]
struct Client {
    stream: Option<TcpStream>,
    sent: usize,
}

impl Slow {
    pub(super) fn new(server: SocketAddr, request: Vec<u8>, clients: usize) -> Self {
        let clients = (0..clients).map(|_| Client::default()).collect();
        Slow { server, request, clients }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// Connects all of them, as far as the server lets them.
    pub(super) fn connect(&mut self) {
        self.clients.iter_mut().for_each(|client| client.connect(self.server));
    }

    /// Goes on until it is over.
    pub(super) fn run(mut self, is_over: &AtomicBool) {
        for turn in (0..GROUPS).cycle() {
            if is_over.load(Ordering::Relaxed) {
                return;
            }
            for client in self.clients.iter_mut().skip(turn).step_by(GROUPS) {
                client.advance(self.server, &self.request);
            }
            thread::sleep(BYTE / GROUPS as u32);
        }
    }
}

impl Client {
    fn connect(&mut self, server: SocketAddr) {
        let stream = TcpStream::connect_timeout(&server, BYTE).ok();
        // One that would block would hold up the others.
        self.stream = stream.filter(|stream| {
            stream.set_nonblocking(true).is_ok() && stream.set_nodelay(true).is_ok()
        });
        self.sent = 0;
    }

    /// Sends or reads one byte, or connects again.
    fn advance(&mut self, server: SocketAddr, request: &[u8]) {
        let Some(stream) = &mut self.stream else { return self.connect(server) };
        let done = match request.get(self.sent) {
            Some(&byte) => stream.write(&[byte]).inspect(|&count| self.sent += count),
            None => stream.read(&mut [0]),
        };
        match done {
            Ok(1..) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => self.stream = None,
        }
    }
}
