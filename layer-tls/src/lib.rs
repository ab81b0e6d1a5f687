//! TLS under any [`Protocol`], and itself one: bytes and the time go in; bytes, deadlines and
//! effects come out. So a backend that drives a connection drives one over TLS as well, and does
//! not know of it.
//!
//! ```text
//!  backend ── records ──► Tls ── plaintext ──► the inner protocol
//!          ◄── records ──     ◄── plaintext ──
//! ```
//!
//! The work is done by `rustls`. Plaintext between it and the inner protocol is in buffers on loan
//! from the thread, so an idle connection holds none but those of rustls (some 4 KiB). Files cannot
//! be sent by the kernel, which does not know the keys: they are read as
//! [`Work`](protocol::Work), piece by piece.
//!
//! A client that speaks HTTP without TLS is told so. A handshake has to end in time. What the inner
//! protocol has said is followed by `close_notify`; from then on waiting for the client to close is
//! done here.
//!
//! [`Tls`] is one connection; `state.rs` has its states as data, with the diagram.

#![forbid(unsafe_code)]

mod state;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use protocol::{Now, Protocol, ReadFile};
use rustls::ServerConfig;

pub use tls::Tls;

/// A protocol that is spoken under TLS: it may want to know what was negotiated. If another
/// protocol takes over from it, that is its own to arrange: it never says
/// [`Step::Upgrade`](protocol::Step).
pub trait Inner: Protocol {
    /// The handshake is complete. ALPN (RFC 7301) has chosen this protocol, or none.
    fn negotiated(&mut self, _protocol: Option<&[u8]>, _now: Now) {}
}

/// How TLS is spoken, for all connections that are set up alike.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Keys, certificates, versions, application protocols.
    pub config: Arc<ServerConfig>,
    /// Longest time from the connection to the end of its handshake.
    pub handshake_timeout: Duration,
    /// How long a connection that has ended or failed waits for the peer to close, so that a reset
    /// does not destroy what was said last; see [`protocol::Limits::linger_timeout`].
    pub linger_timeout: Duration,
    /// How files are read.
    pub read_file: ReadFile,
}
