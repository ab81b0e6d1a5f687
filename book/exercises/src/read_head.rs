//! A server in 60 lines: a head in any number of pieces.
//!
//! A connection is a stream of bytes. A head ends with an empty line, which means with the four
//! bytes `\r\n\r\n`. Read one head from anything that implements `Read`:
//!
//! * `rest` holds what has been read and not been used yet. It may hold a whole head already, or
//!   even two: then nothing is read. What comes behind the head stays in `rest`.
//! * A head is at most `limit` bytes long, its empty line included. If a head is longer, the result
//!   is `TooLarge`: as soon as that is certain, and without reading much more than `limit` bytes.
//! * If the client leaves before the first byte of a head, the result is `None`. If it leaves in
//!   the middle of one, that is an error of the kind `UnexpectedEof`.
//! * An error of the kind `Interrupted` means nothing: read again. Every other error is returned.

use std::io::{self, Read};

#[derive(Debug, PartialEq, Eq)]
pub enum Head {
    /// The bytes of the head, with its empty line.
    Whole(Vec<u8>),
    TooLarge,
    /// The client has left.
    None,
}

pub fn read_head(from: &mut impl Read, rest: &mut Vec<u8>, limit: usize) -> io::Result<Head> {
    todo!()
}
