//! Buffers at rest, a few for each thread. A connection borrows one for as long as it has bytes
//! under way, so an idle connection holds none and a busy one allocates none.

use std::cell::RefCell;

/// Length of an input buffer: what one `read(2)` may bring.
pub(crate) const READ_SIZE: usize = 32 << 10;

/// Buffers that one thread keeps, at most, in each direction.
const MAX_KEPT: usize = 64;

/// A buffer that has grown beyond this is given back to the allocator.
const LARGEST: usize = 256 << 10;

thread_local! {
    static INPUT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of at least [`READ_SIZE`] bytes to read into.
pub(crate) fn take_input() -> Vec<u8> {
    INPUT.with_borrow_mut(Vec::pop).unwrap_or_else(|| vec![0; READ_SIZE])
}

/// An empty buffer to write into.
pub(crate) fn take_output() -> Vec<u8> {
    OUTPUT.with_borrow_mut(Vec::pop).unwrap_or_else(|| Vec::with_capacity(4 << 10))
}

pub(crate) fn put_input(buffer: Vec<u8>) {
    if buffer.len() == READ_SIZE {
        INPUT.with_borrow_mut(|kept| keep(kept, buffer));
    }
}

pub(crate) fn put_output(mut buffer: Vec<u8>) {
    buffer.clear();
    if buffer.capacity() <= LARGEST {
        OUTPUT.with_borrow_mut(|kept| keep(kept, buffer));
    }
}

fn keep(kept: &mut Vec<Vec<u8>>, buffer: Vec<u8>) {
    if kept.len() < MAX_KEPT {
        kept.push(buffer);
    }
}
