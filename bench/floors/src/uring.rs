//! Completion: the kernel receives and sends, and one thread says what next. Clients are accepted,
//! and each is received from, by one operation that goes on; all that has been decided goes into
//! the kernel with the call that waits.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use safe_uring::{Completion, Event, Id, Lent, Ring, Sizes};
use slab::Slab;
use socket2::SockRef;

use crate::heads::Heads;
use crate::responses::responses;

/// As those of `backend-uring`.
const SIZES: Sizes = Sizes { operations: 1024, completions: 8192, buffers: 1024, buffer: 4 << 10 };

/// More responses are sent one bunch after the other.
const MOST: usize = 64;

struct Connection {
    socket: Arc<OwnedFd>,
    heads: Heads,
    /// The receive, until its last completion.
    receiving: Option<Id>,
    /// Where responses are written to, unless the kernel has it.
    buffer: Option<Vec<u8>>,
    /// Responses that are still to be sent.
    owed: usize,
    last: bool,
}

/// Whether the system has what is needed.
pub(crate) fn check() -> io::Result<()> {
    Ring::new(SIZES).map(drop)
}

pub(crate) fn serve(listener: TcpListener) -> io::Result<()> {
    let listener = Arc::new(OwnedFd::from(listener));
    let mut ring = Ring::new(SIZES)?;
    ring.enable()?;
    ring.accept(&listener);
    let mut connections = Slab::<Connection>::new();
    loop {
        ring.wait(None)?;
        while let Some(Completion { key, event, more }) = ring.next() {
            if let Event::Accepted(accepted) = event {
                begin(&mut ring, &mut connections, accepted?)?;
                if !more {
                    ring.accept(&listener);
                }
            } else if !connections[key].proceed(&mut ring, key, event, more) {
                connections.remove(key);
            }
        }
    }
}

fn begin(ring: &mut Ring, connections: &mut Slab<Connection>, socket: OwnedFd) -> io::Result<()> {
    SockRef::from(&socket).set_tcp_nodelay(true)?;
    let (socket, entry) = (Arc::new(socket), connections.vacant_entry());
    let receiving = Some(ring.receive(entry.key(), &socket));
    let (heads, buffer) = (Heads::default(), Some(Vec::new()));
    entry.insert(Connection { socket, heads, receiving, buffer, owed: 0, last: false });
    Ok(())
}

impl Connection {
    /// Goes on after an operation. Returns whether the connection does: it is forgotten after the
    /// last of its operations only.
    fn proceed(&mut self, ring: &mut Ring, key: usize, event: Event, more: bool) -> bool {
        match event {
            Event::Received(received) => self.on_received(ring, key, received, more),
            Event::Sent(Ok(count), buffer, from) if from + count < buffer.len() => {
                ring.send(key, &self.socket, buffer, from + count);
            }
            Event::Sent(sent, buffer, _) => {
                self.buffer = Some(buffer);
                self.last |= sent.is_err();
            }
            Event::Accepted(_) | Event::Woken | Event::Read(..) => {}
        }
        if self.owed > 0
            && let Some(mut buffer) = self.buffer.take()
        {
            let count = self.owed.min(MOST);
            self.owed -= count;
            buffer.clear();
            buffer.extend_from_slice(&responses(count));
            ring.send(key, &self.socket, buffer, 0);
        }
        let is_sending = self.buffer.is_none();
        if self.last
            && !is_sending
            && let Some(receive) = self.receiving
        {
            ring.cancel(receive); // closing the socket would not end it
        }
        !self.last || is_sending || self.receiving.is_some()
    }

    fn on_received(
        &mut self,
        ring: &mut Ring,
        key: usize,
        received: io::Result<Option<Lent>>,
        more: bool,
    ) {
        match received {
            Ok(Some(mut lent)) => {
                let asked = self.heads.take(ring.bytes(&mut lent));
                ring.give_back(lent);
                self.owed += asked.responses;
                self.last |= asked.last;
            }
            // There was no buffer left: by now there is.
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {}
            Ok(None) | Err(_) => self.last = true,
        }
        if !more {
            self.receiving = (!self.last).then(|| ring.receive(key, &self.socket));
        }
    }
}
