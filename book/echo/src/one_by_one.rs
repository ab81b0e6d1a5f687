//! One client after the other: each waits until the one before it has left.

use std::io::{self, Read, Write};
use std::net::TcpListener;

use crate::SIZE;

// ANCHOR: serve
/// Serves forever.
///
/// # Errors
/// Those of `accept`.
pub fn serve(listener: &TcpListener) -> io::Result<()> {
    let mut buffer = [0; SIZE];
    loop {
        let (mut stream, _) = listener.accept()?;
        while let Ok(bytes @ 1..) = stream.read(&mut buffer) {
            if stream.write_all(&buffer[..bytes]).is_err() {
                break;
            }
        }
    }
}
// ANCHOR_END: serve
