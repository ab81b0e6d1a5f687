//! Tasks on tokio: each connection is a future that reads as if it blocked, and the runtime's
//! event loop polls it when something that it waits for is ready.
//!
//! | wait for | here |
//! |---|---|
//! | input | `TcpStream::readable`, then `try_read` |
//! | room to send | `TcpStream::writable`, then `try_write` or `sendfile(2)` |
//! | a moment in time | a `Sleep` in the runtime's timer wheel |
//! | work done elsewhere | `spawn_blocking` or a task, joined through a `JoinSet` |
//! | shutdown | a `watch` channel |
//!
//! Two models: [`Model::Multi`], tasks on a pool of threads that steal work from each other, and
//! [`Model::Local`], a runtime of its own for each thread, where a connection stays.
//! `src/connection.rs` drives one connection, `src/server.rs` accepts.
//!
//! ```no_run
//! use backend_tokio::{Request, Response, Server};
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
    BindError, Config, Handle, Handler, Limits, Reply, Report, Request, Response, ShutdownHandle,
};
pub use server::Model;

/// A server on tokio.
pub type Server = backend_common::Server<Model>;

/// The example in the README is compiled too.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
