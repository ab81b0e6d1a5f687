//! Threads: a pool that ends in order.
//!
//! The three stages of the chapter in one. `take` is a function so that the guard of the lock is
//! dropped when it returns: in the head of a `while let` it would live as long as the body, and the
//! threads would serve one after the other.
//!
//! `drop` lets the sender go first. Only then does `recv` fail, once the channel is empty, and only
//! then can a thread end. The lock cannot be poisoned: nothing panics while it is held.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

pub struct Pool<T> {
    sender: Option<Sender<T>>,
    threads: Vec<JoinHandle<()>>,
}

impl<T: Send + 'static> Pool<T> {
    pub fn start(threads: usize, serve: impl Fn(T) + Send + Sync + 'static) -> Self {
        let (sender, receiver) = channel();
        let shared = Arc::new((Mutex::new(receiver), serve));
        let start = |_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let (receiver, serve) = &*shared;
                while let Some(item) = take(receiver) {
                    let _ = catch_unwind(AssertUnwindSafe(|| serve(item)));
                }
            })
        };
        let threads = (0..threads.max(1)).map(start).collect();
        Pool { sender: Some(sender), threads }
    }

    pub fn send(&self, item: T) {
        if let Some(sender) = &self.sender {
            sender.send(item).expect("the threads live as long as the pool");
        }
    }
}

fn take<T>(receiver: &Mutex<Receiver<T>>) -> Option<T> {
    receiver.lock().ok()?.recv().ok()
}

impl<T> Drop for Pool<T> {
    fn drop(&mut self) {
        self.sender = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
