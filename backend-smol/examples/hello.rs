//! A closure that answers: `cargo run -p backend-smol --example hello-smol`.

use backend_smol::{Request, Response, Server};

fn main() -> std::io::Result<()> {
    let server = Server::bind("127.0.0.1:8080")?;
    println!("http://{}/", server.address());
    server
        .run(|request: &Request<'_>| Response::text(format!("Hello from {}!\n", request.path())))?;
    Ok(())
}
