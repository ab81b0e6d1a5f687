//! Prints what each connection of a client does: open the page in a browser, and count.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use std::{env, thread};

/// A connection that says nothing for so long is called silent.
const SILENCE: Duration = Duration::from_secs(8);

/// The icon is in the page, so that the browser does not ask for one.
const PAGE: &str = "<link rel=\"icon\" href=\"data:,\">Hello.\n";

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:7878".into());
    let listener = TcpListener::bind(address)?;
    println!("http://{}", listener.local_addr()?);
    let mut begun = None;
    for number in 1.. {
        let (stream, _) = listener.accept()?;
        let begun = *begun.get_or_insert_with(Instant::now);
        say(begun, number, "connects");
        thread::spawn(move || {
            let did = serve(&stream).unwrap_or_else(|error| format!("fails: {error}"));
            say(begun, number, &did);
        });
    }
    Ok(())
}

fn say(begun: Instant, number: usize, did: &str) {
    println!("{:>5} ms  connection {number} {did}", begun.elapsed().as_millis());
}

/// Answers with the page, and returns what the client has done.
fn serve(mut stream: &TcpStream) -> io::Result<String> {
    stream.set_read_timeout(Some(SILENCE))?;
    let mut piece = [0; 4096];
    let length = match stream.read(&mut piece) {
        Ok(0) => return Ok("leaves without a word".into()),
        Ok(length) => length,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            return Ok(format!("has said nothing for {} s", SILENCE.as_secs()));
        }
        Err(error) => return Err(error),
    };
    let length_of_page = PAGE.len();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
    write!(stream, "{head}Content-Length: {length_of_page}\r\n\r\n{PAGE}")?;
    let request = String::from_utf8_lossy(&piece[..length]);
    Ok(format!("asks: {}", request.lines().next().unwrap_or_default()))
}
