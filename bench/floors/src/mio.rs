//! Readiness: one thread asks which sockets are ready, and does not wait for any of them alone.

use std::io::{self, ErrorKind, Read, Write};
use std::net;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use crate::heads::{Heads, READ};
use crate::responses::responses;

const LISTENER: Token = Token(usize::MAX);

struct Connection {
    stream: TcpStream,
    heads: Heads,
    /// What the kernel had no room for.
    unsent: Vec<u8>,
    last: bool,
}

pub(crate) fn serve(listener: net::TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut listener = TcpListener::from_std(listener);
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let (mut connections, mut buffer) = (Slab::<Connection>::new(), [0; READ]);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &events {
            let Token(key) = event.token();
            if event.token() == LISTENER {
                accept(&poll, &listener, &mut connections)?;
            } else if let Some(connection) = connections.get_mut(key)
                && !connection.proceed(event.is_read_closed(), &mut buffer).unwrap_or(false)
            {
                connections.remove(key);
            }
        }
    }
}

/// Edge triggering: all that have connected, or the next event does not come.
fn accept(
    poll: &Poll,
    listener: &TcpListener,
    connections: &mut Slab<Connection>,
) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        let entry = connections.vacant_entry();
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(entry.key()), interest)?;
        entry.insert(Connection { stream, heads: Heads::default(), unsent: vec![], last: false });
    }
}

impl Connection {
    /// Reads and answers what has come. Returns whether the connection goes on.
    fn proceed(&mut self, input_closed: bool, buffer: &mut [u8]) -> io::Result<bool> {
        let unsent = std::mem::take(&mut self.unsent);
        self.send(&unsent)?;
        while self.unsent.is_empty() && !self.last {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Ok(false),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                other => other?,
            };
            let asked = self.heads.take(&buffer[..count]);
            self.last = asked.last;
            self.send(&responses(asked.responses))?;
            // A short read says that there is no more for now (epoll(7)): one `recv` is enough.
            if count < buffer.len() && !input_closed {
                break;
            }
        }
        Ok(!self.last || !self.unsent.is_empty())
    }

    /// Sends what there is room for, and keeps the rest for the next event.
    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.unsent.extend_from_slice(bytes);
        Ok(())
    }
}
