//! Clients, as plain as they can be: they know what they will be answered, and look whether it is
//! that. They wait for each other in one thread, so a client must be cheap, not clever.

pub mod http1;
pub mod http2;
pub mod websocket;

use std::io::Write;
use std::net::{SocketAddr, TcpStream};

/// A connection that sends at once what it is given.
fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).expect("the server listens");
    stream.set_nodelay(true).expect("the connection is new");
    stream
}

fn send(mut stream: &TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).expect("the server reads");
}
