//! A program with three handlers, and one connection for an enum of them: `book/museum/measure`
//! measures how much code it is.

use std::io::{self, Read, Write};

use museum::dispatch::connection::Connection;
use museum::dispatch::handlers::{Echo, Hello, Refuse};
use museum::dispatch::site::Site;

fn main() -> io::Result<()> {
    let (mut input, mut out) = (Vec::new(), Vec::new());
    io::stdin().read_to_end(&mut input)?;
    let mut hello = Connection::new(Site::Hello(Hello));
    let mut echo = Connection::new(Site::Echo(Echo));
    let mut refuse = Connection::new(Site::Refuse(Refuse { status: 404 }));
    let consumed = [
        hello.receive(&input, &mut out),
        echo.receive(&input, &mut out),
        refuse.receive(&input, &mut out),
    ];
    out.extend(format!("{consumed:?}\n").into_bytes());
    io::stdout().write_all(&out)
}
