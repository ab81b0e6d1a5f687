//! Answering well: writes are counted.
//!
//! `apart` copies nothing and takes two calls; with TCP_NODELAY that is two packets, too, and the
//! first has the head alone. `joined` takes one call and copies everything, which is nothing for a
//! greeting and a lot for a film. `vectored` (writev, or sendmsg on a socket) has neither cost, and
//! pays in code: a short write may end in the middle of either part. `IoSlice::advance_slices` does
//! that arithmetic. It leaves an empty slice out by itself, once it has been asked to: by 0.
//!
//! The meter must not leave `write_vectored` to the trait. What the trait does is to call `write`
//! with the first slice that has something, so the instrument would change what it measures.

use std::io::{self, IoSlice, Write};

/// Counts what is written.
pub struct Meter<W> {
    inner: W,
    /// Calls of `write` and of `write_vectored`.
    pub calls: usize,
    /// Bytes that were taken.
    pub bytes: usize,
}

impl<W> Meter<W> {
    pub fn new(inner: W) -> Self {
        Meter { inner, calls: 0, bytes: 0 }
    }
}

impl<W: Write> Write for Meter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        let taken = self.inner.write(bytes)?;
        self.bytes += taken;
        Ok(taken)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.calls += 1;
        let taken = self.inner.write_vectored(slices)?;
        self.bytes += taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// What a way to send costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub calls: usize,
    /// Bytes that were copied before they were written.
    pub copied: usize,
}

pub fn apart(out: impl Write, head: &[u8], body: &[u8]) -> io::Result<Cost> {
    let mut out = Meter::new(out);
    out.write_all(head)?;
    out.write_all(body)?;
    Ok(Cost { calls: out.calls, copied: 0 })
}

pub fn joined(out: impl Write, head: &[u8], body: &[u8]) -> io::Result<Cost> {
    let mut out = Meter::new(out);
    let both = [head, body].concat();
    out.write_all(&both)?;
    Ok(Cost { calls: out.calls, copied: both.len() })
}

pub fn vectored(out: impl Write, head: &[u8], body: &[u8]) -> io::Result<Cost> {
    let mut out = Meter::new(out);
    let mut both = [IoSlice::new(head), IoSlice::new(body)];
    let mut slices = &mut both[..];
    IoSlice::advance_slices(&mut slices, 0); // what is empty at the front
    if body.is_empty() {
        slices = &mut slices[..usize::from(!head.is_empty())];
    }
    while !slices.is_empty() {
        match out.write_vectored(slices) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => IoSlice::advance_slices(&mut slices, taken),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Cost { calls: out.calls, copied: 0 })
}
