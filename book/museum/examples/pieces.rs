//! Sends the same response twice, straight to a socket and through a buffer:
//! `strace -e trace=sendto target/debug/examples/pieces` shows in how many pieces.

use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};

use museum::answering::pieces::{directly, through_a_buffer};
use museum::answering::response;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    let response = response::greet("Ann");
    directly(&response, &mut server)?;
    through_a_buffer(&response, &mut server)?;
    drop(server);
    client.read_to_end(&mut Vec::new())?;
    Ok(())
}
