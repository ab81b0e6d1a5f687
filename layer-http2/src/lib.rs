//! HTTP/2 (RFC 9113) as a [`Protocol`](protocol::Protocol): bytes and the time go in; bytes,
//! deadlines and effects come out. What it frames are the same [`Exchange`](protocol::Exchange)s as
//! those of HTTP/1.1, so handlers, effects and bodies are the same; only there are many at once on
//! a connection.
//!
//! ```text
//!  backend ── bytes ──► Pipe ── frames ──► h2 ── streams ──► Exchange ── the handler
//!          ◄──────────      ◄──────────       ◄───────────
//! ```
//!
//! Frames, HPACK, windows and the states of streams are the `h2` crate's. It wants a socket and a
//! runtime; it gets two buffers in memory, and is asked again whenever something has happened, so
//! that nothing in it ever waits. What is ours is to wait for the right things:
//!
//! * a request body is taken as far as its exchange has room; not taking it keeps the windows shut;
//! * a response body is handed over as far as the windows are open, of files and sources piece by
//!   piece;
//! * silence, heads and bodies that trickle, and windows that stay shut have deadlines;
//! * a client that makes work to no purpose is told to calm down (`flood`).
//!
//! # Map
//! * [`Http2`]: a connection; `engine`: h2 without a socket; `state`: the states as data;
//! * `stream`: a request and its response; `head`: from one kind of head to the other;
//! * `pipe`: what h2 takes for a socket; `flood`: the token bucket for a client's frames; `fields`:
//!   what h2 hides of a request; `frame`: the types of frames.

#![forbid(unsafe_code)]

mod engine;
mod fields;
mod flood;
mod frame;
mod head;
mod http2;
mod pipe;
mod state;
mod stream;

pub use http2::Http2;

/// What a client sends first (RFC 9113 §3.4). One that knows that HTTP/2 is spoken may do so on any
/// connection.
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
