//! How an exchange is sent.

use std::fmt;

/// How the bytes of an exchange are put on the wire. Whatever the delivery, the outcome has to be
/// the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// As the case has them.
    Whole,
    /// One by one.
    Bytes,
    /// With a pause after so many bytes.
    Split(usize),
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Delivery::Whole => f.write_str("sent whole"),
            Delivery::Bytes => f.write_str("sent byte by byte"),
            Delivery::Split(at) => write!(f, "sent with a pause after byte {at}"),
        }
    }
}
