//! Safe code after which the kernel reads memory that has been freed. The compiler accepts all of
//! it. Each test is ignored because what it does is undefined; `cargo xtask ci miri` has it
//! interpreted by Miri, and fails if Miri finds nothing.

use memory::{Kernel, borrowed};

#[test]
#[ignore = "undefined behaviour, for Miri to find"]
fn a_guard_is_forgotten() {
    let kernel = Kernel::default();
    let ring = borrowed::Ring::new(kernel.clone());
    // ANCHOR: forgotten
    let bytes = vec![b'x'; 1 << 20];
    let sending = ring.send(&bytes);
    std::mem::forget(sending); // safe: the destructor does not run
    drop(bytes); // allowed: the borrow is over with its last use
    kernel.finish(1); // reads what has been freed
    // ANCHOR_END: forgotten
}

/// The exercise `guard` has this among the wrong solutions, above a kernel that is a model.
#[test]
#[ignore = "undefined behaviour, for Miri to find"]
fn a_buffer_is_freed_when_its_operation_is_cancelled() {
    let kernel = Kernel::default();
    let mut flights = std::collections::HashMap::new();
    let bytes = b"hello".to_vec();
    let id = kernel.submit(&bytes);
    flights.insert(id, bytes);
    flights.remove(&id); // "please stop" is not "has stopped"
    kernel.finish(id);
}
