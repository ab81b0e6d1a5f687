//! What every backend needs and none should write twice, so that what is left in a backend is its
//! concurrency model and nothing else.
//!
//! * [`Server`], [`Handle`], [`Report`]: the builder and the handle, the same for all.
//! * [`Backend`], [`Context`]: what a backend implements, and what it is given.
//! * [`Session`]: a connection's protocols with the buffers that it borrows while it is busy.
//! * [`ShutdownSignal`], [`Admission`]: graceful shutdown, and the bounds on connections and work.
//! * [`TrustedProxies`], [`proxy_protocol`]: who the client is behind a proxy.
//! * [`Statistics`]: what a running server does, at any moment.
//! * [`Listener`]: an address or a path at which clients connect.
//! * [`socket`]: listening, telling the errors of `accept` apart, sending files.
//! * [`threads`]: a pool, for backends that have no runtime to ask.
//! * [`Loops`], [`Mailbox`], [`Connections`]: what event loops have in common.
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
mod bind_error;
mod by_address;
mod listener;
mod loops;
#[cfg(all(loom, test))]
mod models;
mod over_limit;
mod pool;
pub mod proxy_protocol;
mod server;
mod session;
mod shutdown;
pub mod socket;
mod stack;
mod statistics;
mod sync;
pub mod threads;
mod trusted;

pub use admission::{Admission, Slot};
pub use bind_error::BindError;
pub use by_address::client_network;
pub use listener::Listener;
#[cfg(unix)]
pub use listener::as_tcp;
pub use loops::connections::{Connection, ConnectionId, Connections};
pub use loops::mailbox::{Mailbox, Message};
pub use loops::{Job, Loops};
pub use protocol::{Handler, Limits, Reply, Request, Response};
pub use server::{Backend, Config, Context, Handle, Server, ShutdownHandle, Variant};
pub use session::{Awaited, Next, Output, Session, recycle};
pub use shutdown::{ABORT_GRACE, ShutdownSignal};
pub use stack::Http;
pub use statistics::latency::{Latencies, Watch};
pub use statistics::{Open, Report, Sample, Statistics, Waits};
pub use trusted::{NotAProxy, TrustedProxies, TrustedProxy};

/// How often one connection may read or write before the others of its thread have their turn. A
/// client that sends as fast as it is read would hold them up forever; with fewer tries, switching
/// between connections would cost more than it gives. (The budget of tokio allows eight times as
/// much, which others feel.)
pub const TURN: usize = 16;
