//! Bytes, not messages: a body whose length nobody knows in advance (RFC 9112 §7.1).
//!
//! ```text
//! chunked-body = *chunk last-chunk CRLF
//! chunk        = 1*HEXDIG CRLF chunk-data CRLF      (chunk-data: as many bytes as the digits say)
//! last-chunk   = 1*"0" CRLF
//! ```
//!
//! Bytes arrive in any pieces; you may be given them one by one. Extensions and trailer fields are
//! left out here: refuse them. Refuse also
//!
//! * a size without digits, with a sign, with white space, with more than eight digits;
//! * a line that ends in LF alone;
//! * data that is not followed by CRLF.

/// Something is not as the grammar says.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// Takes a chunked body apart.
#[derive(Default)]
pub struct Chunked {
    // Yours.
}

impl Chunked {
    /// Takes bytes from the start of `input`, appends the content to `content`, and returns how
    /// many bytes it has taken: all of them, unless the body ends before they do.
    pub fn decode(&mut self, input: &[u8], content: &mut Vec<u8>) -> Result<usize, Malformed> {
        todo!("one byte at a time is good enough")
    }

    /// Whether the body is complete.
    pub fn is_done(&self) -> bool {
        todo!()
    }
}
