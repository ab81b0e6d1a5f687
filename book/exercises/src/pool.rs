//! Threads: a pool that ends in order.
//!
//! A fixed number of threads serve items that are sent to them.
//!
//! * `start` starts the threads. Each calls `serve` with one item after the other, and all of them
//!   can do so at the same time.
//! * `send` returns at once. Nothing that was sent may be lost, and there is no limit.
//! * A panic in `serve` costs the item that was served. The thread goes on.
//! * Dropping the pool waits until everything that was sent has been served, and all threads have
//!   ended.
//! * A pool of 0 threads would serve nothing: it gets one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

pub struct Pool<T> {
    // Yours. (This field is here so that `T` is used.)
    sender: Option<Sender<T>>,
}

impl<T: Send + 'static> Pool<T> {
    pub fn start(threads: usize, serve: impl Fn(T) + Send + Sync + 'static) -> Self {
        todo!()
    }

    pub fn send(&self, item: T) {
        todo!()
    }
}
