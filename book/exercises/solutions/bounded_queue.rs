//! Threads: a queue with a limit.
//!
//! What has to be looked at together stands under one lock: the items, and whether the queue is
//! closed. `wait` gives the lock back and falls asleep in one step, so no `push` can come between
//! the look and the sleep. A thread that wakes looks again, since another may have taken the item,
//! and since a `Condvar` may wake a thread for no reason.
//!
//! One item wakes one thread. The end concerns all of them: with `notify_one` in `close`, all but
//! one would sleep forever.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug, PartialEq, Eq)]
pub enum Refused<T> {
    Full(T),
    Closed(T),
}

pub struct Queue<T> {
    limit: usize,
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    is_closed: bool,
}

impl<T> Queue<T> {
    pub fn new(limit: usize) -> Self {
        let state = Mutex::new(State { items: VecDeque::new(), is_closed: false });
        Queue { limit, state, changed: Condvar::new() }
    }

    pub fn push(&self, item: T) -> Result<(), Refused<T>> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(Refused::Closed(item));
        }
        if state.items.len() >= self.limit {
            return Err(Refused::Full(item));
        }
        state.items.push_back(item);
        self.changed.notify_one();
        Ok(())
    }

    pub fn pop(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
