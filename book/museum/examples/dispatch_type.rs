//! A program with three handlers, and a connection for each type of handler: `book/museum/measure`
//! measures how much code it is.

use std::io::{self, Read, Write};

use museum::dispatch::connection::Connection;
use museum::dispatch::handlers::{Echo, Hello, Refuse};

fn main() -> io::Result<()> {
    let (mut input, mut out) = (Vec::new(), Vec::new());
    io::stdin().read_to_end(&mut input)?;
    let mut hello = Connection::new(Hello);
    let mut echo = Connection::new(Echo);
    let mut refuse = Connection::new(Refuse { status: 404 });
    let consumed = [
        hello.receive(&input, &mut out),
        echo.receive(&input, &mut out),
        refuse.receive(&input, &mut out),
    ];
    out.extend(format!("{consumed:?}\n").into_bytes());
    io::stdout().write_all(&out)
}
