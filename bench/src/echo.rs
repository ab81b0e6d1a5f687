//! A WebSocket that says everything back.

use layer_websocket::{Message, Outbox, Socket};
use protocol::Now;

/// Says everything back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Echo;

impl Socket for Echo {
    fn message(&mut self, message: Message, outbox: &mut Outbox<'_>, _: Now) {
        match message {
            Message::Text(text) => outbox.text(text),
            Message::Binary(bytes) => outbox.binary(bytes),
        }
    }
}
