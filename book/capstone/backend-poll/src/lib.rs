//! One event loop on one thread, over `poll(2)`: the thread hands the kernel a list of sockets and
//! of what it wants of each, sleeps, and then does what can be done without waiting.
//!
//! | wait for | here |
//! |---|---|
//! | input | `POLLIN`, asked for while the session wants input |
//! | room to send | `POLLOUT`, asked for while something could not be sent |
//! | a moment in time | the timeout of `poll`, and a queue of timers |
//! | work done elsewhere | a pool of workers, and a pipe |
//! | shutdown | a message in the loop's mailbox, and the pipe |
//!
//! `src/event_loop.rs` drives connections, `src/acceptor.rs` accepts.

#![cfg(unix)]
#![forbid(unsafe_code)]

mod acceptor;
mod event_loop;

use std::io;
use std::sync::Arc;

use backend_common::{Backend, Context, Listener, Variant};

/// A server on `poll(2)`.
pub type Server = backend_common::Server<Model>;

/// The one model of this backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// One event loop, which accepts too.
    #[default]
    Loop,
}

impl Backend for Model {
    const NAME: &'static str = "poll";
    const MODELS: &'static [Variant<Self>] =
        &[Variant { model: Model::Loop, name: "loop", summary: "one event loop, over poll(2)" }];

    fn serve(self, listener: Listener, context: Arc<Context>) -> io::Result<()> {
        event_loop::EventLoop::new(listener, context)?.run()
    }
}
