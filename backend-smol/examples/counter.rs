//! A closure that shares a counter: `cargo run -p backend-smol --example counter-smol`.

use std::sync::atomic::{AtomicU64, Ordering};

use backend_smol::{Request, Response, Server};

fn main() -> std::io::Result<()> {
    let server = Server::bind("127.0.0.1:8080")?;
    println!("http://{}/", server.address());
    let counter = AtomicU64::new(1);
    server.run(move |_: &Request<'_>| {
        Response::text(format!("{}\n", counter.fetch_add(1, Ordering::Relaxed)))
    })?;
    Ok(())
}
