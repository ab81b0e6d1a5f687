//! What an application implements: a [`Socket`], which is told of messages, moments and room.

use protocol::Now;
use tungstenite::Utf8Bytes;

use crate::message::Message;
use crate::outgoing::Outbox;

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
