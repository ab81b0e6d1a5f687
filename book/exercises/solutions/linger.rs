//! The connection as a state machine: ending in three steps.
//!
//! First the answer is written and our side is closed with `shutdown(Write)`: the client reads the
//! answer and then the end, and need not wait for anything. Then the connection lingers: what still
//! comes is read and thrown away, so the socket is empty when it is closed, and the kernel sends no
//! RST. Only then is it dropped.
//!
//! Lingering needs two bounds, since both are in the client's hand: a time for a client that says
//! nothing, and an amount for one that never stops. Whatever happens while lingering is no error of
//! this exchange, so the result of those reads decides only when it ends.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::net::TcpStream;
use std::time::Duration;

/// More than this is not read only to be thrown away.
pub const MOST_DISCARDED: usize = 1 << 20;

/// The answer.
pub const ANSWER: &[u8] =
    b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Answers a request whose body is too large, and ends the connection.
pub fn refuse(mut stream: TcpStream, linger: Duration) -> io::Result<()> {
    read_head(&mut stream)?;
    stream.write_all(ANSWER)?;
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(linger))?;
    let (mut buffer, mut discarded) = ([0; 4096], 0);
    while discarded <= MOST_DISCARDED {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => discarded += count,
        }
    }
    Ok(())
}

/// Reads up to the empty line and no further.
fn read_head(stream: &mut TcpStream) -> io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(())
}
