//! What every backend needs and none should write twice, so that what is left in a backend is its
//! concurrency model and nothing else.
//!
//! * [`Server`], [`Handle`], [`Report`]: the builder and the handle, the same for all.
//! * [`Backend`], [`Context`]: what a backend implements, and what it is given.
//! * [`Session`]: a connection's protocols with the buffers that it borrows while it is busy.
//! * [`ShutdownSignal`], [`Admission`]: the signal to shut down, and the bound on connections.
//! * [`Statistics`]: what a running server does, for whoever looks.
//! * [`socket`]: listening, telling the errors of `accept` apart, sending files.
//! * [`threads`], [`Loops`], [`Timers`]: for backends that have no runtime to ask.
//!
//! ```text
//! backend-sync  -mio  -uring  -tokio  -async-std  -smol
//!       └────────┴──────┴──┬────┴─────────┴─────────┘
//!                    backend-common
//!                layer-tls   layer-http2 (features `tls`, `http2`)
//!                       protocol
//! ```

#![forbid(unsafe_code)]

mod admission;
mod latency;
mod mailbox;
mod pool;
mod server;
mod session;
mod shutdown;
pub mod socket;
mod stack;
mod statistics;
pub mod threads;
mod timers;

pub use admission::{Admission, Report, Slot};
pub use latency::{Latencies, Watch};
pub use mailbox::{Job, Letter, Loops, Mailbox};
pub use protocol::{Handler, Limits, Reply, Request, Response};
pub use server::{Backend, Config, Context, Handle, Server, ShutdownHandle};
pub use session::{Next, Output, Session, Wait, recycle};
pub use shutdown::ShutdownSignal;
pub use stack::Http;
pub use statistics::{Open, Sample, Statistics, Waits};
pub use timers::Timers;
