//! The answer: the ring takes the buffer by value, and keeps it until the kernel is done.
//!
//! The lines that were fatal before are refused by the compiler, because there is nothing left that
//! the caller could free:
//!
//! ```compile_fail,E0382
//! use memory::{Kernel, owned::Ring};
//!
//! let mut ring = Ring::new(Kernel::default());
//! let bytes = b"hello".to_vec();
//! let sending = ring.send(bytes);
//! std::mem::forget(sending);
//! drop(bytes); // without this line it compiles
//! ```
//!
//! ```
//! # use memory::{Kernel, owned::Ring};
//! # let mut ring = Ring::new(Kernel::default());
//! # let bytes = b"hello".to_vec();
//! # let sending = ring.send(bytes);
//! # std::mem::forget(sending);
//! ```

use std::collections::HashMap;

use crate::Kernel;

/// Owns what it sends.
#[derive(Debug)]
pub struct Ring {
    kernel: Kernel,
    /// The buffers of the operations that are under way, by their ids.
    flights: HashMap<u64, Vec<u8>>,
}

/// Names an operation. It may be dropped, or forgotten.
#[derive(Debug)]
pub struct Ticket(u64);

impl Ring {
    /// A ring of this kernel.
    pub fn new(kernel: Kernel) -> Self {
        Ring { kernel, flights: HashMap::new() }
    }

    /// Begins to send.
    pub fn send(&mut self, bytes: Vec<u8>) -> Ticket {
        let id = self.kernel.submit(&bytes);
        self.flights.insert(id, bytes);
        Ticket(id)
    }

    /// Waits until the kernel is done with an operation; gives its buffer back.
    pub fn wait(&mut self, ticket: &Ticket) -> Option<Vec<u8>> {
        self.kernel.finish(ticket.0);
        self.flights.remove(&ticket.0)
    }
}

impl Drop for Ring {
    /// Waits until the kernel is done with all that is under way.
    fn drop(&mut self) {
        for &id in self.flights.keys() {
            self.kernel.finish(id);
        }
    }
}
