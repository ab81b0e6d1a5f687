//! Threads: a queue with a limit.
//!
//! The channel of the standard library that has no limit grows until the memory is used up. Clients
//! wait in it without knowing that they wait. Build a queue that says "full", of a `Mutex` and a
//! `Condvar`:
//!
//! * `push` never waits. It puts an item at the end, or gives it back: as `Full`, if `limit` items
//!   are there, or as `Closed`, if the queue has been closed. `Closed` comes first.
//! * `pop` takes the item at the front. It sleeps as long as there is none. After `close` it still
//!   gives out what is there, and then `None`, forever.
//! * `close` wakes everyone who sleeps. It may be called more than once.
//! * A thread that waits uses no processor: no loop that looks again and again.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};

#[derive(Debug, PartialEq, Eq)]
pub enum Refused<T> {
    Full(T),
    Closed(T),
}

pub struct Queue<T> {
    // Yours. (This field is here so that `T` is used.)
    items: Mutex<VecDeque<T>>,
}

impl<T> Queue<T> {
    pub fn new(limit: usize) -> Self {
        todo!()
    }

    pub fn push(&self, item: T) -> Result<(), Refused<T>> {
        todo!()
    }

    pub fn pop(&self) -> Option<T> {
        todo!()
    }

    pub fn close(&self) {
        todo!()
    }
}
