//! All clients in turn, and a thread that sleeps until one of them has something for it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::SIZE;

/// A client that has so many bytes to take back is not read from.
const MOST_UNSENT: usize = 16 * SIZE;

// ANCHOR: serve
/// Serves forever.
///
/// # Errors
/// Those of `poll` and `accept`.
pub fn serve(listener: &TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut clients: Vec<Client> = Vec::new();
    loop {
        // Whom the kernel is asked about, and for what.
        let mut fds = vec![PollFd::new(listener, PollFlags::IN)];
        for client in &clients {
            fds.push(PollFd::new(&client.stream, client.interest()));
        }
        // The only place where this thread sleeps.
        match poll(&mut fds, None) {
            Err(Errno::INTR) => continue, // a signal has come: the kernel has said nothing
            result => result?,
        };
        // What the kernel has said, in the same order.
        let mut ready = fds.iter().map(PollFd::revents).collect::<Vec<_>>().into_iter();
        let listener_ready = ready.next();
        clients.retain_mut(|client| {
            let flags = ready.next().unwrap_or(PollFlags::empty());
            flags.is_empty() || client.on_ready(flags).unwrap_or(false)
        });
        if listener_ready.is_some_and(|flags| !flags.is_empty()) {
            clients.extend(accept(listener)?);
        }
    }
}
// ANCHOR_END: serve

// ANCHOR: accept
/// The next client. There may be none: it can have left since the kernel said that it was there.
fn accept(listener: &TcpListener) -> io::Result<Option<Client>> {
    match listener.accept() {
        Ok((stream, _)) => {
            stream.set_nonblocking(true)?;
            Ok(Some(Client { stream, unsent: Vec::new(), has_ended: false }))
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
// ANCHOR_END: accept

// ANCHOR: client
/// A client, and what it has not taken back yet.
struct Client {
    stream: TcpStream,
    unsent: Vec<u8>,
    /// It has closed its side: no more will come.
    has_ended: bool,
}

impl Client {
    /// What the kernel is asked about this client: only what the loop would do now.
    fn interest(&self) -> PollFlags {
        let mut interest = PollFlags::empty();
        interest.set(PollFlags::IN, !self.has_ended && self.unsent.len() < MOST_UNSENT);
        interest.set(PollFlags::OUT, !self.unsent.is_empty());
        interest
    }
    // ANCHOR_END: client

    // ANCHOR: on_ready
    /// Reads once and sends once. Returns whether the client is to be kept.
    fn on_ready(&mut self, flags: PollFlags) -> io::Result<bool> {
        if flags.contains(PollFlags::ERR) {
            return Ok(false);
        }
        if flags.intersects(PollFlags::IN | PollFlags::HUP) && !self.has_ended {
            let mut buffer = [0; SIZE];
            let bytes = done(self.stream.read(&mut buffer))?;
            self.has_ended = bytes == Some(0);
            self.unsent.extend_from_slice(&buffer[..bytes.unwrap_or(0)]);
        }
        if !self.unsent.is_empty() {
            // What there is room for goes; the rest stays, and `interest` asks for more room.
            let bytes = done(self.stream.write(&self.unsent))?;
            self.unsent.drain(..bytes.unwrap_or(0));
        }
        Ok(!self.has_ended || !self.unsent.is_empty())
    }
    // ANCHOR_END: on_ready
}

// ANCHOR: done
/// What an attempt has done: `None` if it would have had to wait, which is no failure.
fn done(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(None)
        }
        result => result.map(Some),
    }
}
// ANCHOR_END: done
