//! What a client understands of greetings that come on one connection:
//! `cargo run -p museum --example greet -- naive Zoë Ann`, and the same with `mended`.

use museum::answering::{client, naive, response};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let is_naive = arguments.next().as_deref() == Some("naive");
    let mut sent = Vec::new();
    for name in arguments {
        if is_naive {
            sent.extend(naive::greet(&name).into_bytes());
        } else {
            response::greet(&name).write_to(&mut sent)?;
        }
    }
    client::understood(&sent).iter().for_each(|line| println!("{line}"));
    Ok(())
}
