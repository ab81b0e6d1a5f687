//! Completions: the kernel is not asked which sockets are ready, but told what to do with them,
//! and says when it has been done. Linux's `io_uring`, by way of the crate `io-uring`, with no
//! runtime on top.
//!
//! An operation goes into one queue that is shared with the kernel, its completion comes out of
//! another, and one system call for each turn of the loop does for all that have gathered. The
//! price is ownership: between the two, memory that the operation names is the kernel's. Nothing is
//! lent to an attempt, as with readiness; buffers change hands. The crate `safe-uring` sees to
//! that, and has all that is unsafe about it.
//!
//! | wait for | here |
//! |---|---|
//! | input | a completion of one receive that goes on: the kernel brings a buffer with each |
//! | room to send | the completion of a send, which has owned its buffer |
//! | a moment in time | the timeout of the ring, and a queue of timers |
//! | work done elsewhere | a pool of workers, and an eventfd that the ring watches |
//! | shutdown | a message in the loop's mailbox, and the same eventfd |
//!
//! `src/event_loop.rs` drives connections, `src/server.rs` accepts.
//!
//! It needs Linux 6.1 or newer, and permission to use `io_uring`, which sandboxes often refuse.
//! Where that is missing, [`Server::bind`] says so.
//!
//! ```no_run
//! use backend_uring::{Request, Response, Server};
//!
//! fn main() -> std::io::Result<()> {
//!     let server = Server::bind("127.0.0.1:8080")?;
//!     println!("http://{}", server.address());
//!     server.run(|request: &Request<'_>| Response::text(format!("{}\n", request.path())))?;
//!     Ok(())
//! }
//! ```

#![forbid(unsafe_code)]

#[cfg(target_os = "linux")]
mod event_loop;
#[cfg(target_os = "linux")]
mod server;

#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod server;

pub use backend_common::{
    BindError, Config, Handle, Handler, Limits, Reply, Report, Request, Response, ShutdownHandle,
};
pub use server::Model;

/// A server on completions.
pub type Server = backend_common::Server<Model>;
