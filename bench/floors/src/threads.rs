//! Blocking threads: one for each connection. `read` and `write`, and the kernel's scheduler does
//! the waiting.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::heads::{Heads, READ};
use crate::responses::responses;

pub(crate) fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        thread::Builder::new().name("connection".into()).spawn(|| converse(stream))?;
    }
}

fn converse(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut heads, mut buffer) = (Heads::default(), [0; READ]);
    loop {
        let count = stream.read(&mut buffer)?;
        let asked = heads.take(&buffer[..count]);
        stream.write_all(&responses(asked.responses))?;
        if count == 0 || asked.last {
            return Ok(());
        }
    }
}
