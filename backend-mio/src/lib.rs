//! An event loop of our own, over `mio`: one thread asks the kernel which of many sockets are
//! ready (readiness), does what can be done without waiting, and asks again.
//!
//! | wait for | here |
//! |---|---|
//! | input | a readable event |
//! | room to send | a writable event |
//! | a moment in time | the timeout of `poll`, and a queue of timers |
//! | work done elsewhere | a pool of workers, and a `Waker` |
//! | shutdown | a message in the loop's mailbox, and a `Waker` |
//!
//! `src/event_loop.rs` drives connections, `src/server.rs` accepts.
//!
//! ```no_run
//! use backend_mio::{Request, Response, Server};
//!
//! fn main() -> std::io::Result<()> {
//!     let server = Server::bind("127.0.0.1:8080")?;
//!     println!("http://{}", server.address());
//!     server.run(|request: &Request<'_>| Response::text(format!("{}\n", request.path())))?;
//!     Ok(())
//! }
//! ```

#![forbid(unsafe_code)]

mod event_loop;
mod server;

pub use backend_common::{
    BindError, Config, Handle, Handler, Limits, Reply, Report, Request, Response, ShutdownHandle,
};
pub use server::Model;

/// A server on event loops.
pub type Server = backend_common::Server<Model>;
