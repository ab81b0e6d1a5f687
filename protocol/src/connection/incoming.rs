//! The receiving half of a connection: what the next bytes of input are.

use crate::body::BodyDecoder;
use crate::head::HeadScanner;

// ANCHOR: incoming
/// What the next bytes of input are.
pub(super) enum Incoming {
    /// A request head, of which some may have come.
    Head(HeadScanner),
    /// A request body.
    Body(BodyDecoder),
    /// The request is complete. What follows has to wait until it is answered.
    Complete,
    /// Of no interest: the connection is about to end.
    Ignored,
}
// ANCHOR_END: incoming
