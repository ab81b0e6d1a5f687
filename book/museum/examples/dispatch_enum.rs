//! A program with three handlers, and one connection for an enum of them: `book/museum/measure`
//! measures how much code it is.

use museum::dispatch::connection::Connection;
use museum::dispatch::handlers::{Echo, Hello, Refuse};
use museum::dispatch::site::Site;
use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    let (mut input, mut out) = (Vec::new(), Vec::new());
    io::stdin().read_to_end(&mut input)?;
    let handlers = [Site::Hello(Hello), Site::Echo(Echo), Site::Refuse(Refuse { status: 404 })];
    let consumed = handlers.map(|handler| Connection::new(handler).receive(&input, &mut out));
    out.extend(format!("{consumed:?}\n").into_bytes());
    io::stdout().write_all(&out)
}
