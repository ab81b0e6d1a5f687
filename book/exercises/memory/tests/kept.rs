//! Callers under which the memory is there until the kernel has read it. Miri finds nothing.

use memory::{Kernel, borrowed, owned};

#[test]
fn a_guard_that_is_dropped_waits_for_the_kernel() {
    let kernel = Kernel::default();
    let bytes = b"hello".to_vec();
    drop(borrowed::Ring::new(kernel.clone()).send(&bytes));
    assert_eq!(kernel.sent(), [b"hello"]);
}

#[test]
fn a_ring_that_owns_the_buffer_gives_it_back() {
    let kernel = Kernel::default();
    let mut ring = owned::Ring::new(kernel.clone());
    let ticket = ring.send(b"hello".to_vec());
    assert_eq!(ring.wait(&ticket), Some(b"hello".to_vec()));
    assert_eq!(kernel.sent(), [b"hello"]);
    assert_eq!(ring.wait(&ticket), None, "it is over");
}

#[test]
fn a_ticket_that_is_forgotten_has_no_effect() {
    let kernel = Kernel::default();
    let mut ring = owned::Ring::new(kernel.clone());
    std::mem::forget(ring.send(b"hello".to_vec()));
    kernel.finish(1);
    assert_eq!(kernel.sent(), [b"hello"]);
}

#[test]
fn a_ring_that_is_dropped_waits_for_the_kernel() {
    let kernel = Kernel::default();
    drop(owned::Ring::new(kernel.clone()).send(b"hello".to_vec()));
    assert_eq!(kernel.sent(), [b"hello"]);
}
