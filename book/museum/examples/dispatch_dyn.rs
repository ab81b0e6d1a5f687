//! A program with three handlers, and one connection for any handler: `book/museum/measure`
//! measures how much code it is.

use std::io::{self, Read, Write};
use std::sync::Arc;

use museum::dispatch::any::AnyConnection;
use museum::dispatch::handlers::{Echo, Hello, Refuse};

fn main() -> io::Result<()> {
    let (mut input, mut out) = (Vec::new(), Vec::new());
    io::stdin().read_to_end(&mut input)?;
    let mut hello = AnyConnection::new(Arc::new(Hello));
    let mut echo = AnyConnection::new(Arc::new(Echo));
    let mut refuse = AnyConnection::new(Arc::new(Refuse { status: 404 }));
    let consumed = [
        hello.receive(&input, &mut out),
        echo.receive(&input, &mut out),
        refuse.receive(&input, &mut out),
    ];
    out.extend(format!("{consumed:?}\n").into_bytes());
    io::stdout().write_all(&out)
}
