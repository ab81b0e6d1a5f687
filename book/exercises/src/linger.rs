//! The connection as a state machine: an answer that is lost.
//!
//! `refuse` answers a request whose body is too large. It does not read the body: why should it?
//! Then it drops the socket. And sometimes the client sees no answer, but "connection reset by
//! peer".
//!
//! The reason is in the kernel: a socket that is closed with bytes in it that nobody has read
//! answers with RST instead of FIN, and RST may overtake what was sent before (RFC 9112 §9.6). This
//! repository has had the mistake twice (commits b32f6bb and 7c39abb). Mend it:
//!
//! * the client gets the whole answer and an orderly end, and need not close its own side first;
//! * as long as the client still sends, what it sends is thrown away;
//! * until the client closes its side, or nothing has come for the time `linger`, or more than
//!   [`MOST_DISCARDED`] bytes have come: nobody is waited for without an end.

use std::io::{self, Read, Write};
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
