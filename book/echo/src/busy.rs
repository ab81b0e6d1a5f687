//! All clients in turn, on sockets that never block: nobody waits, and the thread never sleeps.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::SIZE;

// ANCHOR: serve
/// Serves forever.
///
/// # Errors
/// Those of `accept`, but for "nobody is there".
pub fn serve(listener: &TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut streams: Vec<TcpStream> = Vec::new();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                streams.push(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        streams.retain_mut(|stream| echo(stream).unwrap_or(false));
    }
}

/// Sends back what has come. Returns whether the client is still there.
fn echo(stream: &mut TcpStream) -> io::Result<bool> {
    let mut buffer = [0; SIZE];
    match stream.read(&mut buffer) {
        Ok(0) => Ok(false),
        Ok(bytes) => stream.write_all(&buffer[..bytes]).map(|()| true),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
        Err(error) => Err(error),
    }
}
// ANCHOR_END: serve
