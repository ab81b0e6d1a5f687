//! What the servers of chapter 6 answer: one request after the other on a connection, and no more
//! of HTTP than that takes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A client that is silent for so long loses its connection.
pub const IDLE: Duration = Duration::from_secs(20);

const MAX_HEAD: usize = 16 << 10;

// ANCHOR: serve
/// Answers requests until the client leaves, asks for the end, or is silent for too long. Between
/// two requests this sleeps in `read`, and so does the thread that called it.
///
/// # Errors
/// If the connection breaks, or the client sends what is not understood.
///
/// # Panics
/// If a client asks for `/panic`.
pub fn serve(mut stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_write_timeout(Some(IDLE))?;
    let mut received = Vec::new();
    while let Some(head) = next_head(stream, &mut received)? {
        let close = head.lines().any(|line| line.eq_ignore_ascii_case("Connection: close"));
        stream.write_all(answer(&head).as_bytes())?;
        if close {
            break;
        }
    }
    Ok(())
}
// ANCHOR_END: serve

/// Prints why a connection ended, and whose it was: the system knows that until a reset.
pub fn report(stream: &TcpStream, error: &io::Error) {
    match stream.peer_addr() {
        Ok(client) => eprintln!("{client}: {error}"),
        Err(_) => eprintln!("a client that has left: {error}"),
    }
}

/// The next head; what came behind it stays in `received`. `None` if the client has left.
fn next_head(mut stream: &TcpStream, received: &mut Vec<u8>) -> io::Result<Option<String>> {
    loop {
        if let Some(at) = received.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = received.drain(..at + 4).collect();
            return String::from_utf8(head).map(Some).map_err(|_| ErrorKind::InvalidData.into());
        }
        if received.len() > MAX_HEAD {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut piece = [0; 1024];
        match stream.read(&mut piece)? {
            0 if received.is_empty() => return Ok(None),
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            n => received.extend_from_slice(&piece[..n]),
        }
    }
}

fn answer(head: &str) -> String {
    let (status, body) = match head.lines().next().unwrap_or_default() {
        "GET / HTTP/1.1" => ("200 OK", "Hello.\n"),
        "GET /panic HTTP/1.1" => panic!("a bug in the code for this page"),
        _ => ("404 Not Found", "There is no such page.\n"),
    };
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
