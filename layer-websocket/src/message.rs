//! What is sent and received.

use protocol::bytes::Bytes;
use tungstenite::Utf8Bytes;

/// A message, whole (RFC 6455 §5.6). Cloning one copies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text in UTF-8.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
}
