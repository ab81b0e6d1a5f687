//! Buffers that the kernel receives into: it takes one when there is something to put into it, so
//! a connection that only waits holds none (`io_uring_register_buf_ring(3)`).

use std::io;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use io_uring::types::BufRingEntry;
use io_uring::{IoUring, Submitter};
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// The one group of buffers of a ring.
pub(crate) const GROUP: u16 = 0;

/// How many stocks of buffers there have been.
static STOCKS: AtomicU64 = AtomicU64::new(0);

/// A buffer that the kernel has filled. There is never more than one for the same memory: it can
/// be neither copied nor made, only taken from a completion and given back.
#[derive(Debug)]
#[must_use = "the buffer is lost unless it is given back"]
pub struct Lent {
    /// Which stock it belongs to.
    stock: u64,
    id: u16,
    length: usize,
}

/// A queue of free buffers, which the kernel takes from one end and we add to at the other,
/// followed in memory by the buffers themselves.
pub(crate) struct Buffers {
    /// Distinguishes it from all others.
    stock: u64,
    memory: NonNull<u8>,
    count: u16,
    size: u32,
    tail: u16,
}

// SAFETY: the mapping belongs to this value alone, whatever thread it is on.
unsafe impl Send for Buffers {}

impl Buffers {
    /// Maps `count` buffers, a power of two up to 2^15, of `size` bytes, and registers them.
    pub(crate) fn register(uring: &IoUring, count: u16, size: u32) -> io::Result<Self> {
        let length = Buffers::length(count, size).ok_or(io::ErrorKind::InvalidInput)?;
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: a new mapping, at an address of the kernel's choice, overlaps nothing.
        let memory = unsafe { mmap_anonymous(ptr::null_mut(), length, protection, flags) }?;
        let memory = NonNull::new(memory.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        let stock = STOCKS.fetch_add(1, Ordering::Relaxed);
        let mut buffers = Buffers { stock, memory, count, size, tail: 0 };
        let address = memory.as_ptr() as u64;
        // SAFETY: the queue lies at the beginning of the mapping, aligned to a page, and is
        // unmapped in `unregister` only, which ends the registration before.
        let registered =
            unsafe { uring.submitter().register_buf_ring_with_flags(address, count, GROUP, 0) };
        if let Err(error) = registered {
            buffers.unmap();
            return Err(error);
        }
        (0..count).for_each(|id| buffers.give_back(Lent { stock, id, length: 0 }));
        Ok(buffers)
    }

    /// Ends the registration and frees the memory. If the kernel refuses, which it has no reason
    /// to, the memory stays, since it may still be written to.
    pub(crate) fn unregister(&mut self, submitter: &Submitter<'_>) {
        if submitter.unregister_buf_ring(GROUP).is_ok() {
            self.unmap();
        }
    }

    /// What the kernel has put into buffer `id`.
    ///
    /// # Safety
    /// A completion has just handed out this buffer, filled with `length` bytes.
    pub(crate) unsafe fn lent(&self, id: u16, length: usize) -> Lent {
        assert!(id < self.count && length <= self.size as usize);
        Lent { stock: self.stock, id, length }
    }

    /// The bytes that have been received.
    ///
    /// # Panics
    /// If the buffer is of another stock.
    pub(crate) fn bytes<'l>(&'l mut self, lent: &'l mut Lent) -> &'l mut [u8] {
        assert_eq!(lent.stock, self.stock, "of another stock");
        // SAFETY: the memory is mapped for as long as `self` is there, was zero at first, and is
        // neither the kernel's nor anybody else's while there is a `Lent` for it.
        unsafe { std::slice::from_raw_parts_mut(self.buffer(lent.id), lent.length) }
    }

    /// Gives a buffer back to the kernel.
    ///
    /// # Panics
    /// If it is of another stock.
    #[allow(clippy::needless_pass_by_value, reason = "it is gone then")]
    pub(crate) fn give_back(&mut self, lent: Lent) {
        assert_eq!(lent.stock, self.stock, "of another stock");
        let (buffer, queue) = (self.buffer(lent.id), self.memory.as_ptr().cast::<BufRingEntry>());
        let at = usize::from(self.tail & (self.count - 1));
        // SAFETY: entry `at` lies within the queue, and the kernel does not look at it before the
        // tail has passed it: no more than `count` buffers exist, so it has been taken from.
        let entry = unsafe { &mut *queue.add(at) };
        entry.set_addr(buffer as u64);
        entry.set_len(self.size);
        entry.set_bid(lent.id);
        self.tail = self.tail.wrapping_add(1);
        // SAFETY: this is the address of the first entry; the kernel only reads the tail. Release:
        // the entry is there before the tail says so.
        unsafe { AtomicU16::from_ptr(BufRingEntry::tail(queue).cast_mut()) }
            .store(self.tail, Ordering::Release);
    }

    fn buffer(&self, id: u16) -> *mut u8 {
        let offset = usize::from(self.count) * size_of::<BufRingEntry>();
        // SAFETY: `id` is below `count`, so this is within the mapping.
        unsafe { self.memory.as_ptr().add(offset + usize::from(id) * self.size as usize) }
    }

    /// Length of the mapping, if there can be such a one.
    fn length(count: u16, size: u32) -> Option<usize> {
        let each = usize::try_from(size).ok()?.checked_add(size_of::<BufRingEntry>())?;
        usize::from(count).checked_mul(each)
    }

    fn unmap(&mut self) {
        if let Some(length) = Buffers::length(self.count, self.size) {
            // SAFETY: mapped in `register` with this length, and used by nobody after this.
            let _ = unsafe { munmap(self.memory.as_ptr().cast(), length) };
        }
    }
}
