//! WebSocket (RFC 6455) for servers, without I/O: a [`Protocol`](protocol::Protocol) that takes over
//! a connection after an upgrade. So whatever drives HTTP drives it as well, over TLS or not, and
//! does not know of it.
//!
//! ```text
//!  backend ── frames ──► WebSocket ── messages ──► Socket
//!          ◄── frames ──           ◄── Outbox ───
//! ```
//!
//! An application implements [`Socket`] and answers a request with [`accept`]:
//!
//! ```
//! use layer_websocket::{Limits, Message, Outbox, Socket, accept};
//! use protocol::{Handler, Now, Reply, Request};
//!
//! /// Says everything back.
//! struct Echo;
//!
//! impl Socket for Echo {
//!     fn message(&mut self, message: Message, outbox: &mut Outbox<'_>, _: Now) {
//!         match message {
//!             Message::Text(text) => outbox.text(text),
//!             Message::Binary(bytes) => outbox.binary(bytes),
//!         }
//!     }
//! }
//!
//! fn takes(_: impl Handler) {}
//! takes(|request: &Request<'_>| -> Reply {
//!     match request.path() {
//!         "/echo" => accept(request, &Limits::default(), Echo),
//!         _ => "Ask for /echo.\n".into(),
//!     }
//! });
//! ```
//!
//! # What is done here
//! * The opening handshake, with all checks (§4.2). No subprotocols.
//! * Frames in both directions (§5). `tungstenite` reads and writes their headers. What it sees only
//!   when a frame is whole is seen here at once: a reserved bit or a missing mask with the header,
//!   text that is no UTF-8 with its first wrong byte. What it does not see is checked as well: that a
//!   length is not longer than it needs to be, and the codes of Close frames.
//! * Pings are answered, and sent when the peer has been silent for long.
//! * The closing handshake (§7), also when shutdown begins (1001), after a breach of the protocol
//!   (1002), text that is no UTF-8 (1007), too long a message (1009) and a panic of the socket (1011).
//!   It is the server who closes the connection first.
//! * Backpressure: while a peer does not take what it is sent, nothing that it sends is read.
//!
//! # What it costs
//! An idle WebSocket is one allocation of some 350 bytes with the [`Socket`] in it. There are no
//! buffers: a message grows with what has come of it, whatever its frames announce, and an answer
//! is in the output of the connection, which has one only while something is on its way. A large
//! message is not copied to be sent: it is shared, and passed on bit by bit.
//!
//! # No compression
//! `permessage-deflate` (RFC 7692) is not offered, so nothing is ever compressed. `tungstenite` has
//! none; what other crates have is bound to their own I/O, leaves the size of the window open, or
//! is young and little used. It would cost each connection up to 300 KiB, against some hundred
//! bytes, and secrets beside text that a stranger may choose would show in the lengths of frames.

#![forbid(unsafe_code)]

mod handshake;
mod incoming;
mod limits;
mod outgoing;
mod state;
mod websocket;

use protocol::Now;
use protocol::bytes::Bytes;
pub use tungstenite::Utf8Bytes;

pub use handshake::accept;
pub use limits::Limits;
pub use outgoing::Outbox;
pub use websocket::WebSocket;

/// A message, whole (RFC 6455 §5.6). Cloning one copies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text in UTF-8.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
}

/// What an application does with one WebSocket. Its methods must not block: what they send goes
/// into an [`Outbox`]. If one panics, the connection ends with 1011 and none is called any more.
pub trait Socket: Send + 'static {
    /// The opening handshake is over.
    fn open(&mut self, _outbox: &mut Outbox<'_>, _now: Now) {}

    /// A message has come. While there is no room in the outbox, none comes.
    fn message(&mut self, message: Message, outbox: &mut Outbox<'_>, now: Now);

    /// The moment that [`Outbox::wake_at`] asked for has come. There may be no room in the outbox.
    fn time(&mut self, _outbox: &mut Outbox<'_>, _now: Now) {}

    /// There is room in the outbox again after there was none.
    fn room(&mut self, _outbox: &mut Outbox<'_>, _now: Now) {}

    /// The WebSocket is over. Nothing is called after this, and it is not called if a method has
    /// panicked.
    fn closed(&mut self, _how: Closed) {}
}

/// How a WebSocket has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// With a Close frame of the peer.
    Clean {
        /// What it says, 1005 if it says nothing (RFC 6455 §7.1.5).
        code: u16,
        /// Why, often empty (§7.1.6).
        reason: Utf8Bytes,
    },
    /// We have ended it, for something the peer did or did not do.
    Failed {
        /// What our Close frame says (§7.4.1).
        code: u16,
    },
    /// The connection has ended without a Close frame of the peer (1006 in §7.4.1).
    Cut,
}
