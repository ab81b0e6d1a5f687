//! Tasks on async-std: the standard library's interfaces with `async` in front, on a runtime that
//! needs no setting up.
//!
//! async-std was discontinued: its last release is 1.13.2 of August 2025, RUSTSEC-2025-0052 says
//! so, and its successor is smol. It is still worth studying. Its idea, that async Rust could look
//! like the standard library, was tried in earnest, and comparing it with `backend-tokio` shows
//! what it bought and what it cost: no `readable()`, so input and room to send are polled for with
//! the buffer in hand; no setting of threads but one for the whole process.
//!
//! `task::spawn_blocking` is not used. It has no bound, and when the system refuses it a thread, it
//! tries again without a pause, on the thread of the runtime that asked (`blocking` 1.7). An
//! `async_executor::Executor` whose threads are made at the start has both: a bound, and its
//! threads.
//!
//! | wait for | here |
//! |---|---|
//! | input | `poll_read` |
//! | room to send | `poll_write` |
//! | a moment in time | `task::sleep` |
//! | work done elsewhere | a task of an executor whose threads may block, or `task::spawn` |
//! | shutdown | an `Event` |
//!
//! `src/connection.rs` drives one connection, `src/server.rs` accepts.
//!
//! ```no_run
//! use backend_async_std::{Request, Response, Server};
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

/// A server on async-std.
pub type Server = backend_common::Server<Model>;
