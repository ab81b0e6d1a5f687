//! Tasks on smol: a runtime put together from small crates, each of which can be used alone.
//!
//! `smol` itself only re-exports them: async-executor runs tasks, async-io waits for sockets and
//! timers (through polling: epoll, kqueue and their like), blocking has the threads that may block,
//! and async-net, async-lock, async-channel and futures-lite do what their names say. async-std is
//! built on most of them too and names smol as its successor, so `diff -u backend-async-std
//! backend-smol` is the migration. What differs:
//!
//! * An executor is a value. Each server has its own, and as many threads as it was asked for,
//!   which end with it. (The reactor is still the process's.)
//! * Dropping a `Task` cancels it, unless it is detached first. async-std's `JoinHandle` detaches.
//! * `Async` can wait for room to send without the bytes in hand, so files go by `sendfile(2)`.
//!
//! Compared with tokio, there is no runtime to be inside of: sockets and timers work on any thread
//! and any executor, and a thread in `block_on` polls the reactor when it has nothing else to do.
//! tokio registers a socket once and remembers what events have said; here each wait asks for one
//! event, which costs a call of `epoll_ctl(2)`.
//!
//! | wait for | here |
//! |---|---|
//! | input | `read(2)`, and `Async::poll_readable` when there is none |
//! | room to send | `write(2)` or `sendfile(2)`, and `Async::poll_writable` when there is none |
//! | a moment in time | a `Timer` |
//! | work done elsewhere | a `Task` of an executor: one for futures, one whose threads may block |
//! | shutdown | an `Event` |
//!
//! `unblock`, smol's way to run what may block, is not used: its threads come and go, and when the
//! system refuses one, it tries again without a pause, on the thread of the executor that asked
//! (`blocking` 1.7). An executor whose threads are made at the start cannot come to that, and has
//! the bound that `unblock` lacks.
//!
//! `src/connection.rs` drives one connection, `src/server.rs` accepts.
//!
//! ```no_run
//! use backend_smol::{Request, Response, Server};
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

/// A server on smol.
pub type Server = backend_common::Server<Model>;
