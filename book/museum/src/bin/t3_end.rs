//! Threads 3: the pool survives panics, and the server has an end: Ctrl-D, the end of its input.

use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, thread};

use museum::pages;
use museum::pool::stage3_panic::Pool;

const THREADS: usize = 4;

fn main() {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:7878".into());
    let listener = TcpListener::bind(address).expect("the address is free");
    println!("http://{}", listener.local_addr().expect("it is bound"));
    let pool = Pool::start(THREADS, |stream: TcpStream| {
        if let Err(error) = pages::serve(&stream) {
            pages::report(&stream, &error);
        }
    });
    let is_over = end_with_the_input(&listener);
    // ANCHOR: accept
    for stream in listener.incoming() {
        if is_over.load(Ordering::Acquire) {
            break;
        }
        let Ok(stream) = stream else { continue };
        pool.send(stream).expect("the threads live as long as the pool");
    }
    drop(listener); // refuses further clients
    drop(pool); // waits for the threads
    println!("All connections have ended.");
    // ANCHOR_END: accept
}

// ANCHOR: end
/// Ends the loop above when the standard input ends. It sleeps in `accept`, so a flag alone would
/// not be seen: a connection to ourselves wakes it.
fn end_with_the_input(listener: &TcpListener) -> Arc<AtomicBool> {
    let address = listener.local_addr().expect("it is bound");
    let is_over = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_over);
    thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        flag.store(true, Ordering::Release);
        let _ = TcpStream::connect(address);
    });
    is_over
}
// ANCHOR_END: end
