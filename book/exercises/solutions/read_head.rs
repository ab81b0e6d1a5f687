//! A server in 60 lines: a head in any number of pieces.
//!
//! All that has been read is kept in `rest` until it is enough. So there is one loop with one
//! question, "is a whole head there?", and one place that reads. The question is asked before the
//! first read, since the head may have come together with the one before it.
//!
//! A head whose empty line lies beyond the limit is too large as well. That is why the position is
//! compared, and not only the length of what has been read: a piece may bring the end and more.

use std::io::{self, ErrorKind, Read};

#[derive(Debug, PartialEq, Eq)]
pub enum Head {
    /// The bytes of the head, with its empty line.
    Whole(Vec<u8>),
    TooLarge,
    /// The client has left.
    None,
}

pub fn read_head(from: &mut impl Read, rest: &mut Vec<u8>, limit: usize) -> io::Result<Head> {
    let mut piece = [0; 1024];
    loop {
        match rest.windows(4).position(|four| four == b"\r\n\r\n") {
            Some(at) if at + 4 <= limit => return Ok(Head::Whole(rest.drain(..at + 4).collect())),
            None if rest.len() < limit => {}
            _ => return Ok(Head::TooLarge),
        }
        match from.read(&mut piece) {
            Ok(0) if rest.is_empty() => return Ok(Head::None),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => rest.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
