//! Step 1: a classic first server. Four workers, one read a request, `unwrap` for each error.

#![allow(clippy::unwrap_used)] // as a first server does

use std::io::{Read, Write};
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
        workers.send(stream.unwrap()).unwrap();
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
                serve(stream);
            }
        });
    }
    sender
}
// ANCHOR_END: main

// ANCHOR: serve
fn serve(mut stream: TcpStream) {
    let mut buffer = [0; 1024];
    let length = stream.read(&mut buffer).unwrap();
    let head = String::from_utf8_lossy(&buffer[..length]);
    let response = answer(head.lines().next().unwrap());
    stream.write_all(response.as_bytes()).unwrap();
}
// ANCHOR_END: serve

// ANCHOR: answer
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
// ANCHOR_END: answer
