//! Blocking threads: the oldest way to wait. A connection that waits is a thread that sleeps in a
//! system call, and the kernel's scheduler is the event loop.
//!
//! | wait for | here |
//! |---|---|
//! | input | the thread sleeps in `read(2)` |
//! | room to send | the thread sleeps in `write(2)` or `sendfile(2)` |
//! | a moment in time | a timeout on the socket; with nothing to read or write, `park_timeout` |
//! | work done elsewhere | the thread does it itself |
//! | shutdown | a flag, and a wake-up through the socket that the thread sleeps on |
//!
//! When the system refuses a thread for a connection, one of four takes it that are kept for that;
//! if these are busy, the client is answered 503.
//!
//! Two models: [`Model::Threads`], a thread for each connection, and [`Model::Pool`], a fixed
//! number of threads fed by a channel. `src/connection.rs` drives one connection, `src/server.rs`
//! accepts.
//!
//! # Many requests on one connection
//!
//! HTTP/2 has many streams on a connection, and *one thread drives them all*. What that gives and
//! what it cannot:
//!
//! * What a thread waits for on a socket it waits for on behalf of all streams. Moments and windows
//!   do not hold each other up: a hundred responses that are due in a second are one timeout, and a
//!   stream whose window is shut waits while others go on.
//! * Work is done by the thread itself, one piece after the other, in the order in which it was
//!   asked for. Meanwhile nothing is read or sent on this connection and no deadline is looked at;
//!   shutdown is heard of between two pieces. Answers that are complete wait as well: the thread
//!   sends when it waits, and it works before that. Five pieces of work of 0.3 s are answered after
//!   1.5 s, all five.
//! * A client that would have opened six connections had six threads, and has one now. Other
//!   connections are not concerned.
//!
//! So multiplexing saves connections, handshakes and system calls here, and does not make anything
//! parallel. Where the work of one client should be, take a backend that has workers, or have
//! clients open several connections. The model would not be this one any more if a thread gave its
//! work away: it would have to sleep on a socket and on its helpers at once.
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
mod wakeup;

pub use backend_common::{
    BindError, Config, Handle, Handler, Limits, Reply, Report, Request, Response, ShutdownHandle,
};
pub use server::Model;

/// A server on blocking threads.
pub type Server = backend_common::Server<Model>;
