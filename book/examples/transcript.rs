//! Prints the transcript of a connection: `cargo run -p book --example transcript`, and with
//! `-- http2` that of one that speaks HTTP/2.

use book::transcript::{transcript, transcript_of_http2};

fn main() {
    let is_http2 = std::env::args().nth(1).is_some_and(|version| version == "http2");
    print!("{}", if is_http2 { transcript_of_http2() } else { transcript() });
}
