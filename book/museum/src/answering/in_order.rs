//! A response that goes out while it is made. Each step is a type, so the compiler holds the order.
//!
//! ```
//! use std::io::Write;
//! use museum::answering::in_order::begin;
//! use museum::answering::response::{FieldValue, Status};
//!
//! let language = FieldValue::new("en").unwrap();
//! let head = begin(Vec::new(), Status(200))?.field("Content-Language", &language)?;
//! let mut body = head.body(5)?;
//! body.write_all(b"hello")?;
//! assert!(body.finish()?.ends_with(b"\r\n\r\nhello"));
//! # std::io::Result::Ok(())
//! ```
//!
//! Once the body has begun there is no `field` any more, so this is refused by the compiler:
//!
//! ```compile_fail,E0599
//! use museum::answering::in_order::begin;
//! use museum::answering::response::{FieldValue, Status};
//!
//! let language = FieldValue::new("en").unwrap();
//! let body = begin(Vec::new(), Status(200))?.body(5)?;
//! body.field("Content-Language", &language)?;
//! # std::io::Result::Ok(())
//! ```

use std::io::{self, ErrorKind, Write};

use crate::answering::response::{FieldValue, Status};

// ANCHOR: types
/// A response whose status line has gone out: field lines may follow.
#[derive(Debug)]
pub struct Head<W>(W);

/// A response whose head has gone out: so many bytes of body have to follow.
#[derive(Debug)]
pub struct Body<W> {
    out: W,
    missing: u64,
}
// ANCHOR_END: types

/// Sends the status line.
///
/// # Errors
/// Those of `out`.
pub fn begin<W: Write>(mut out: W, status: Status) -> io::Result<Head<W>> {
    write!(out, "HTTP/1.1 {status}\r\n")?;
    Ok(Head(out))
}

// ANCHOR: steps
impl<W: Write> Head<W> {
    /// Sends a field line.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn field(mut self, name: &'static str, value: &FieldValue) -> io::Result<Self> {
        write!(self.0, "{name}: {value}\r\n")?;
        Ok(self)
    }

    /// Ends the head, and promises a body of this length.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn body(mut self, length: u64) -> io::Result<Body<W>> {
        write!(self.0, "Content-Length: {length}\r\n\r\n")?;
        Ok(Body { out: self.0, missing: length })
    }
}
// ANCHOR_END: steps

// ANCHOR: body
impl<W: Write> Write for Body<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.missing {
            return Err(io::Error::new(ErrorKind::InvalidInput, "more than was promised"));
        }
        let written = self.out.write(bytes)?;
        self.missing -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Body<W> {
    /// Ends the body, and gives the writer back for the next response.
    ///
    /// # Errors
    /// If the body is shorter than its head has promised. The head has gone out, so nothing can
    /// mend that: the connection has to be closed.
    pub fn finish(mut self) -> io::Result<W> {
        if self.missing > 0 {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "less than was promised"));
        }
        self.out.flush()?;
        Ok(self.out)
    }
}
// ANCHOR_END: body
