//! Threads, for the backends that have no runtime to ask.

use std::io::{self, ErrorKind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use protocol::{Outcome, Work, catch_panic};

/// A fixed number of threads, fed by a channel. Each takes the next item when it is done with the
/// last. They end when the pool is dropped, after what is in the channel.
#[derive(Debug)]
pub struct Pool<T> {
    sender: Sender<T>,
}

impl<T> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Pool { sender: self.sender.clone() }
    }
}

impl<T: Send + 'static> Pool<T> {
    /// Starts the threads.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(
        threads: usize,
        builder: impl Fn() -> thread::Builder,
        serve: impl Fn(T) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        // ANCHOR: pool
        // Not bounded here: what is sent has a place already, among connections or work.
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..threads {
            let (receiver, serve) = (Arc::clone(&receiver), serve.clone());
            builder().spawn(move || {
                while let Some(next) = take(&receiver) {
                    // A panic costs what was being served, not the thread.
                    let _ = catch_panic(|| serve(next));
                }
            })?;
        }
        Ok(Pool { sender })
        // ANCHOR_END: pool
    }

    /// Hands something to the next thread that is free.
    pub fn send(&self, next: T) {
        // The threads live at least as long as this.
        let _ = self.sender.send(next);
    }
}

/// Takes the next item. The thread that waits in `recv` holds the lock; the others wait for it.
fn take<T>(receiver: &Mutex<Receiver<T>>) -> Option<T> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Checks that the system has so many more threads for us, by starting them and letting them end.
/// It is for runtimes that panic when it has not.
///
/// # Errors
/// If the system refuses one.
pub fn check(threads: usize) -> io::Result<()> {
    let gate = Arc::new(Mutex::new(()));
    let shut = gate.lock();
    let start = |_| {
        let gate = Arc::clone(&gate);
        thread::Builder::new().spawn(move || drop(gate.lock()))
    };
    // All of them at once: each waits until the last has been made, or refused.
    let started: Vec<_> = (0..threads).map(start).collect();
    drop(shut);
    for thread in started {
        let thread = thread.map_err(|error| {
            io::Error::new(error.kind(), format!("the system refuses {threads} threads: {error}"))
        })?;
        thread.join().map_err(|_| ErrorKind::Other)?;
    }
    Ok(())
}

/// Does work on the current thread: a future is polled to its end.
pub fn perform(work: Work) -> Outcome {
    match work {
        Work::Blocking(job) => job.run(),
        Work::Future(task) => futures_lite::future::block_on(task),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_for_threads_that_there_are_passes() {
        check(3).unwrap();
    }

    #[test]
    fn a_pool_survives_panics_and_runs_dry_before_it_ends() {
        let (done, all_done) = channel();
        let serve = move |number: u32| {
            done.send(number).unwrap();
            assert!(!number.is_multiple_of(10), "on purpose");
        };
        let pool = Pool::start(3, thread::Builder::new, serve).unwrap();
        (0..100).for_each(|number| pool.send(number));
        drop(pool);
        let mut numbers: Vec<u32> = all_done.iter().collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    }
}
