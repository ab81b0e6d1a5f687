//! WebSocket: the head of a frame (RFC 6455 §5.2).
//!
//! ```text
//! first byte:  FIN (1 bit), three reserved bits, opcode (4 bits)
//! second byte: MASK (1 bit), length (7 bits)
//! then, if the length is 126: the length in 2 bytes; if it is 127: in 8 bytes (big-endian)
//! then, if MASK is set: 4 bytes of key
//! ```
//!
//! You see what a client has sent, from the start of a frame on. Say what the head is and how many
//! bytes it takes; `None` if it has not come whole. Refuse as soon as it is certain, and not later:
//!
//! * a reserved bit, or an opcode other than 0, 1, 2 (data), 8, 9 and 10 (control);
//! * a control frame without FIN, or with a payload of more than 125 bytes;
//! * a frame without a mask: clients have to mask;
//! * a length in more bytes than it needs, and one of 2^63 or more.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub is_final: bool,
    pub opcode: u8,
    pub length: u64,
    pub key: [u8; 4],
    /// Bytes that the head takes.
    pub size: usize,
}

/// The connection fails, with the close code 1002.
#[derive(Debug, PartialEq, Eq)]
pub struct ProtocolError;

/// The head at the start of `input`, or `None` if it has not come whole.
pub fn header(input: &[u8]) -> Result<Option<Header>, ProtocolError> {
    todo!()
}
