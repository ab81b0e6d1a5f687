//! Step 2: what goes wrong with a client ends its connection, and nothing else.

#![allow(clippy::unwrap_used)] // as a first server does

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::{env, thread};

const WORKERS: usize = 4;

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
    let mut buffer = [0; 1024];
    let length = stream.read(&mut buffer)?;
    let head = String::from_utf8_lossy(&buffer[..length]);
    let Some(request_line) = head.lines().next() else { return Ok(()) };
    stream.write_all(answer(request_line).as_bytes())
}
// ANCHOR_END: serve

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
