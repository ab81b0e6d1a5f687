//! What the peers have in common: how they are told where to listen, how they say so, and when they
//! end. Each is a binary that answers `GET /text` with the same bytes as all others, as its
//! library's documentation would have it done, on one thread.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::process;
use std::thread;

use socket2::{Domain, Protocol, Socket, Type};

/// What is answered.
pub const BODY: &str = "Hello, world!";

/// Of this type.
pub const CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// The name of every server.
pub const SERVER: &str = "lab";

/// Reads `--listen ADDRESS`, and ends the process with its standard input from now on: a lab that
/// is killed leaves no server behind.
///
/// # Panics
/// If the command line is another one.
#[must_use]
pub fn address() -> SocketAddr {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [option, address] = arguments.as_slice() else { panic!("--listen ADDRESS is wanted") };
    assert_eq!(option, "--listen", "no other option is known");
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    address.parse().expect("an address and a port")
}

/// Says where the server listens.
pub fn say(address: SocketAddr) {
    println!("http://{address}/");
}

/// Listens with room for all clients that connect at once.
///
/// # Errors
/// If the address cannot be bound.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    let listener = TcpListener::from(socket);
    say(listener.local_addr()?);
    Ok(listener)
}
