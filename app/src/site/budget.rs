//! Memory that responses take for what they have of files, bounded for all of them together.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use protocol::bytes::Bytes;

/// How many bytes all [`Held`] may have together, of the whole process.
const MOST: usize = 64 << 20;

static RESERVED: AtomicUsize = AtomicUsize::new(0);

/// Bytes that count against the bound until the last response that has them has been sent.
pub(crate) struct Held {
    bytes: Vec<u8>,
    reserved: usize,
}

impl Held {
    /// Room for so many bytes at most, if there is as much.
    pub(crate) fn reserve(most: usize) -> Option<Self> {
        let fits = |reserved: usize| reserved.checked_add(most).filter(|sum| *sum <= MOST);
        RESERVED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).ok()?;
        Some(Held { bytes: Vec::new(), reserved: most })
    }

    /// The bytes, of which no more is reserved than there are.
    pub(crate) fn into_bytes(mut self) -> Bytes {
        self.bytes.shrink_to_fit();
        RESERVED.fetch_sub(self.reserved - self.bytes.len(), Ordering::Relaxed);
        self.reserved = self.bytes.len();
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl io::Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.reserved - self.bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        RESERVED.fetch_sub(self.reserved, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_is_held_is_bounded() {
        assert!(Held::reserve(MOST + 1).is_none());
        let mut held = Held::reserve(4).unwrap();
        held.write_all(b"abc").unwrap();
        assert!(held.write_all(b"de").is_err());
        let bytes = held.into_bytes();
        assert_eq!(bytes, b"abc"[..]);
    }
}
