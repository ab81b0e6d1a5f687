//! `cargo run -p echo -- WAY [ADDRESS]`, where WAY is `one-by-one`, `busy` or `polled`.

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    use std::net::TcpListener;

    let mut arguments = std::env::args().skip(1);
    let way = arguments.next().unwrap_or_default();
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:7007".to_owned());
    let serve = match way.as_str() {
        "one-by-one" => echo::one_by_one::serve,
        "busy" => echo::busy::serve,
        "polled" => echo::polled::serve,
        _ => {
            eprintln!("usage: echo one-by-one|busy|polled [ADDRESS]");
            std::process::exit(2);
        }
    };
    let listener = TcpListener::bind(address)?;
    println!("{way} at {}", listener.local_addr()?);
    serve(&listener)
}

#[cfg(not(unix))]
fn main() {
    eprintln!("poll(2) is a system call of Unix");
}
