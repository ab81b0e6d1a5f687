//! Threads 1: each connection has a thread of its own, as long as it lasts.

use std::net::TcpListener;
use std::{env, thread};

use museum::pages;

fn main() {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:7878".into());
    let listener = TcpListener::bind(address).expect("the address is free");
    println!("http://{}", listener.local_addr().expect("it is bound"));
    // ANCHOR: accept
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        thread::spawn(move || {
            if let Err(error) = pages::serve(&stream) {
                pages::report(&stream, &error);
            }
        });
    }
    // ANCHOR_END: accept
}
