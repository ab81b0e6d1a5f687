//! Threads 2: a fixed pool. A connection keeps its thread until it ends.

use std::env;
use std::net::{TcpListener, TcpStream};

use museum::pages;
use museum::pool::stage1_channel::Pool;

const THREADS: usize = 4;

fn main() {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:7878".into());
    let listener = TcpListener::bind(address).expect("the address is free");
    println!("http://{}", listener.local_addr().expect("it is bound"));
    // ANCHOR: accept
    let pool = Pool::start(THREADS, |stream: TcpStream| {
        if let Err(error) = pages::serve(&stream) {
            pages::report(&stream, &error);
        }
    });
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        pool.send(stream).expect("a thread is left");
    }
    // ANCHOR_END: accept
}
