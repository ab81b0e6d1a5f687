//! One event loop on one thread, over `poll(2)`. The loop is yours: `src/event_loop.rs`.

#![cfg(unix)]
#![forbid(unsafe_code)]

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
        event_loop::serve(&listener, &context)
    }
}
