//! The event loop: deadlines that change all the time.
//!
//! The truth is in the map: one deadline for each key. The heap only remembers what has been asked
//! for. A deadline that is put off leaves its old entry in the heap, and when that entry comes up,
//! the map says that it is stale. So a change costs one push and not a search through the heap.
//!
//! Three places have to keep the two together. `pop` forgets the deadline when it gives the key
//! out; otherwise the same deadline, set again, would look like no change and would never fire.
//! `set` pushes only what has changed. And when the heap has grown to several times the map, it is
//! rebuilt from the map: that costs as much as the pushes before it, so each push costs twice as
//! much at most.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// Entries for each key, at most, when there are more than a few keys.
pub const MOST_STALE: usize = 4;

#[derive(Default)]
pub struct Timers {
    /// What has been asked for, some of it stale.
    heap: BinaryHeap<Reverse<(u64, usize)>>,
    /// What is true.
    deadlines: HashMap<usize, u64>,
}

impl Timers {
    /// The deadline of `key` from now on.
    pub fn set(&mut self, key: usize, deadline: Option<u64>) {
        let Some(deadline) = deadline else {
            self.deadlines.remove(&key);
            return;
        };
        if self.deadlines.insert(key, deadline) != Some(deadline) {
            self.heap.push(Reverse((deadline, key)));
        }
        if self.heap.len() > MOST_STALE * self.deadlines.len() {
            self.heap = self.deadlines.iter().map(|(&key, &at)| Reverse((at, key))).collect();
        }
    }

    /// When to wake up; `None` if there is nothing to wake up for.
    pub fn next(&self) -> Option<u64> {
        let Reverse((moment, _)) = self.heap.peek()?;
        Some(*moment)
    }

    /// A key whose moment has come. Its deadline is gone then.
    pub fn pop(&mut self, now: u64) -> Option<usize> {
        while self.next()? <= now {
            let Reverse((moment, key)) = self.heap.pop()?;
            if self.deadlines.get(&key) == Some(&moment) {
                self.deadlines.remove(&key);
                return Some(key);
            }
        }
        None
    }

    /// Entries kept, stale ones included.
    pub fn entries(&self) -> usize {
        self.heap.len()
    }
}
