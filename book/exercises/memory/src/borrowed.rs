//! The proposal: the buffer is borrowed, and a guard waits for the kernel when it is dropped.
//!
//! The compiler refuses a caller that frees the buffer while the guard is still used:
//!
//! ```compile_fail,E0505
//! use memory::{Kernel, borrowed::Ring};
//!
//! let ring = Ring::new(Kernel::default());
//! let bytes = b"hello".to_vec();
//! let sending = ring.send(&bytes);
//! drop(bytes); // without this line it compiles
//! drop(sending);
//! ```
//!
//! ```
//! # use memory::{Kernel, borrowed::Ring};
//! # let ring = Ring::new(Kernel::default());
//! # let bytes = b"hello".to_vec();
//! # let sending = ring.send(&bytes);
//! # drop(sending);
//! ```

use std::marker::PhantomData;

use crate::Kernel;

/// Sends what it borrows.
#[derive(Debug)]
pub struct Ring {
    kernel: Kernel,
}

/// An operation that is under way.
#[derive(Debug)]
pub struct Sending<'b> {
    kernel: Kernel,
    id: u64,
    bytes: PhantomData<&'b [u8]>,
}

impl Ring {
    /// A ring of this kernel.
    pub fn new(kernel: Kernel) -> Self {
        Ring { kernel }
    }

    /// Begins to send.
    pub fn send<'b>(&self, bytes: &'b [u8]) -> Sending<'b> {
        let id = self.kernel.submit(bytes);
        Sending { kernel: self.kernel.clone(), id, bytes: PhantomData }
    }
}

impl Drop for Sending<'_> {
    /// Waits until the kernel is done with the bytes.
    fn drop(&mut self) {
        self.kernel.finish(self.id);
    }
}
