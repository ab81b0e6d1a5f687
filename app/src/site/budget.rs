//! Memory that responses take for what they have of files, bounded for all of them together, and
//! that which making them takes.

use std::io;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::thread::available_parallelism;

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

    /// These bytes, if there is room for them.
    pub(crate) fn of(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes = bytes.into();
        let mut held = Held::reserve(bytes.len())?;
        held.bytes = bytes;
        Some(held)
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

/// The right to do what takes processor time, and memory that is given back at its end: as many
/// have it at once as there are processors. More would be no faster, and `sync` has a thread for
/// each connection, whose number would be that of encoders in memory.
pub(super) struct Turn(());

static FREE: LazyLock<Mutex<usize>> =
    LazyLock::new(|| Mutex::new(available_parallelism().map_or(1, NonZero::get)));
static FREED: Condvar = Condvar::new();

impl Turn {
    /// Waits until it is this thread's.
    pub(super) fn wait() -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let free = FREED.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Turn(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        FREED.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::thread;

    #[test]
    fn what_is_held_is_bounded() {
        assert!(Held::reserve(MOST + 1).is_none());
        let mut held = Held::reserve(4).unwrap();
        held.write_all(b"abc").unwrap();
        assert!(held.write_all(b"de").is_err());
        let bytes = held.into_bytes();
        assert_eq!(bytes, b"abc"[..]);
        assert_eq!(Held::of("abc").unwrap().into_bytes(), b"abc"[..]);
    }

    #[test]
    fn no_more_have_a_turn_at_once_than_there_are_processors() {
        let most = available_parallelism().unwrap().get();
        let (taken, seen) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..most * 4 {
                scope.spawn(|| {
                    let _turn = Turn::wait();
                    seen.fetch_max(taken.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::yield_now();
                    taken.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert!((1..=most).contains(&seen.load(Ordering::SeqCst)));
    }
}
