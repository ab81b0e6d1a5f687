//! Stage 3: a panic costs the item that was served, not the thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, SendError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A fixed number of threads, fed by a channel. To drop it takes until they have ended.
#[derive(Debug)]
pub struct Pool<T> {
    /// `None` only while the pool is dropped.
    sender: Option<Sender<T>>,
    threads: Vec<JoinHandle<()>>,
}

impl<T: Send + 'static> Pool<T> {
    /// Starts the threads. Each serves one item after the other.
    pub fn start(threads: usize, serve: impl Fn(T) + Clone + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let start = |_| {
            let (receiver, serve) = (Arc::clone(&receiver), serve.clone());
            thread::spawn(move || {
                // ANCHOR: catch
                while let Some(item) = take(&receiver) {
                    // The item is gone after a panic, so nobody sees it half changed.
                    let _ = catch_unwind(AssertUnwindSafe(|| serve(item)));
                }
                // ANCHOR_END: catch
            })
        };
        Pool { sender: Some(sender), threads: (0..threads).map(start).collect() }
    }

    /// Hands an item to the next thread that is free.
    ///
    /// # Errors
    /// If no thread is left. The item comes back.
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        match &self.sender {
            Some(sender) => sender.send(item),
            None => Err(SendError(item)),
        }
    }
}

impl<T> Drop for Pool<T> {
    fn drop(&mut self) {
        // First: `recv` gives an error when the channel is empty and no sender is left.
        self.sender = None;
        for thread in self.threads.drain(..) {
            // There is nothing to be told: no panic reaches the end of a thread.
            let _ = thread.join();
        }
    }
}

/// The thread that waits in `recv` holds the lock; the others wait for the lock.
fn take<T>(receiver: &Mutex<Receiver<T>>) -> Option<T> {
    receiver.lock().ok()?.recv().ok()
}
