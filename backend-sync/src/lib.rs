//! Blocking threads: the oldest way to wait. Whoever waits is a thread that sleeps in a system
//! call, and the kernel's scheduler is the event loop.
//!
//! | wait for | here |
//! |---|---|
//! | input | the thread sleeps in `read(2)` |
//! | room to send | the thread sleeps in `write(2)` or `sendfile(2)` |
//! | a moment in time | a timeout on the socket; with nothing to read or write, `park_timeout` |
//! | work done elsewhere | the thread does it itself |
//! | the order to stop | a flag, and a wake-up through the socket that the thread sleeps on |
//!
//! Two models: [`Model::Threads`], a thread for each connection, and [`Model::Pool`], a fixed
//! number of threads fed by a channel. `src/connection.rs` drives one connection, `src/server.rs`
//! accepts.
//!
//! ```no_run
//! use backend_sync::{Request, Response, Server};
//!
//! fn main() -> std::io::Result<()> {
//!     let server = Server::bind("127.0.0.1:8080")?;
//!     println!("http://{}", server.address());
//!     server.run(|request: &Request<'_>| Response::text(format!("{}\n", request.path())))?;
//!     Ok(())
//! }
//! ```

#![forbid(unsafe_code)]

mod connection;
mod server;

pub use backend_common::{
    Config, Handle, Handler, Limits, Reply, Report, Request, Response, Stopper,
};
pub use server::Model;

/// A server on blocking threads.
pub type Server = backend_common::Server<Model>;
