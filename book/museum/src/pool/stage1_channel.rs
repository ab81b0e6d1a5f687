//! Stage 1: threads that take items from a channel.

use std::sync::mpsc::{self, Receiver, SendError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

// ANCHOR: pool
/// A fixed number of threads, fed by a channel.
#[derive(Debug)]
pub struct Pool<T> {
    sender: Sender<T>,
}

impl<T: Send + 'static> Pool<T> {
    /// Starts the threads. Each serves one item after the other.
    pub fn start(threads: usize, serve: impl Fn(T) + Clone + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..threads {
            let (receiver, serve) = (Arc::clone(&receiver), serve.clone());
            thread::spawn(move || {
                while let Some(item) = take(&receiver) {
                    serve(item);
                }
            });
        }
        Pool { sender }
    }

    /// Hands an item to the next thread that is free.
    ///
    /// # Errors
    /// If no thread is left. The item comes back.
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        self.sender.send(item)
    }
}

/// The thread that waits in `recv` holds the lock; the others wait for the lock.
fn take<T>(receiver: &Mutex<Receiver<T>>) -> Option<T> {
    receiver.lock().ok()?.recv().ok()
}
// ANCHOR_END: pool
