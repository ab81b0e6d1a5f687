//! Step 5: a head has room to grow, up to a limit, and the last answer arrives.

#![allow(clippy::unwrap_used)] // as a first server does

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use std::{env, thread};

const WORKERS: usize = 4;
const TIMEOUT: Duration = Duration::from_secs(2);
const MAX_HEAD: usize = 16 << 10;

// ANCHOR: main
fn main() {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:7878".into());
    let listener = TcpListener::bind(address).unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    let workers = start_workers();
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => workers.send(stream).unwrap(),
            Err(error) => eprintln!("accept: {error}"),
        }
    }
}

/// Starts the threads, and returns the channel through which they take connections.
fn start_workers() -> mpsc::Sender<TcpStream> {
    let (sender, receiver) = mpsc::channel();
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..WORKERS {
        let receiver = Arc::clone(&receiver);
        thread::spawn(move || {
            loop {
                let received = receiver.lock().unwrap().recv();
                let Ok(stream) = received else { break };
                if let Err(error) = serve(&stream) {
                    report(&stream, &error);
                }
            }
        });
    }
    sender
}
// ANCHOR_END: main

/// Prints why a connection ended, and whose it was: the system knows that until a reset.
fn report(stream: &TcpStream, error: &io::Error) {
    match stream.peer_addr() {
        Ok(client) => eprintln!("{client}: {error}"),
        Err(_) => eprintln!("a client that has left: {error}"),
    }
}

// ANCHOR: serve
fn serve(mut stream: &TcpStream) -> io::Result<()> {
    stream.set_write_timeout(Some(TIMEOUT))?;
    let response = match read_head(stream)? {
        Head::Whole(head) => answer(head.lines().next().unwrap_or_default()),
        Head::TooLarge => response("431 Request Header Fields Too Large", "That is too much.\n"),
        Head::None => return Ok(()),
    };
    stream.write_all(response.as_bytes())?;
    end(stream)
}

enum Head {
    Whole(String),
    TooLarge,
    /// The client has connected and left.
    None,
}
// ANCHOR_END: serve

// ANCHOR: read_head
/// Reads until the empty line that ends a head. The client has `TIMEOUT` for all of it.
fn read_head(mut stream: &TcpStream) -> io::Result<Head> {
    let deadline = Instant::now() + TIMEOUT;
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !ends_head(&head) {
        stream.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut piece)? {
            0 if head.is_empty() => return Ok(Head::None),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => head.extend_from_slice(&piece[..n]),
        }
        if head.len() > MAX_HEAD {
            return Ok(Head::TooLarge);
        }
    }
    Ok(Head::Whole(String::from_utf8_lossy(&head).into_owned()))
}

fn ends_head(bytes: &[u8]) -> bool {
    bytes.windows(4).any(|four| four == b"\r\n\r\n")
}
// ANCHOR_END: read_head

/// The time until then. None left is an error, since a socket refuses a timeout of zero.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

// ANCHOR: end
/// Says that no more will come, and takes what the client still sends. If bytes were left unread,
/// the operating system would end the connection with a reset, and that can destroy the response.
fn end(mut stream: &TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    let deadline = Instant::now() + TIMEOUT;
    let mut ignored = [0; 1024];
    loop {
        stream.set_read_timeout(Some(left(deadline)?))?;
        if stream.read(&mut ignored)? == 0 {
            return Ok(());
        }
    }
}
// ANCHOR_END: end

fn answer(request_line: &str) -> String {
    match request_line {
        "GET / HTTP/1.1" => response("200 OK", "Hello.\n"),
        _ => response("404 Not Found", "There is no such page.\n"),
    }
}

fn response(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}
