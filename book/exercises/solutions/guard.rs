//! Completions: the ring owns what the kernel may touch.
//!
//! The buffer goes into a table under the operation's id, and it leaves the table with the
//! completion, by nothing else. What the caller holds is a number: to drop or to forget a number
//! does no harm. A guard with a destructor in its place would be correct only as long as its
//! destructor runs, and no safe code is obliged to let it run.
//!
//! `cancel` changes nothing in the table, since "please stop" is not "has stopped". And the ring
//! itself has to have a `Drop`: it owns the table, and its fields would be freed while the kernel
//! still writes. There it is sound to rely on a destructor, since a ring that is forgotten frees
//! nothing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::rc::Rc;

/// What an operation has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    Cancelled,
}

/// A model of the kernel. Its clones are the same kernel.
#[derive(Clone, Debug, Default)]
pub struct Kernel(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    allocated: usize,
    /// Operations under way: their ids, the memory that they name, and whether they are to end.
    under_way: Vec<(u64, usize, bool)>,
    completions: VecDeque<(u64, Outcome)>,
    violations: usize,
}

impl Kernel {
    /// Memory with these bytes in it.
    pub fn buffer(&self, bytes: &[u8]) -> Buffer {
        let mut state = self.0.borrow_mut();
        state.allocated += 1;
        Buffer { memory: state.allocated, bytes: bytes.to_vec(), kernel: self.clone() }
    }

    /// An operation begins. From now on the memory is the kernel's.
    pub fn submit(&self, id: u64, buffer: &Buffer) {
        let mut state = self.0.borrow_mut();
        assert!(state.under_way.iter().all(|one| one.0 != id), "{id} is under way already");
        state.under_way.push((id, buffer.memory, false));
    }

    /// An operation is to end. It still completes, some time later.
    pub fn cancel(&self, id: u64) {
        let mut state = self.0.borrow_mut();
        state.under_way.iter_mut().filter(|one| one.0 == id).for_each(|one| one.2 = true);
    }

    /// The next completion, without waiting.
    pub fn completion(&self) -> Option<(u64, Outcome)> {
        self.0.borrow_mut().completions.pop_front()
    }

    /// Waits for the next completion; `None` if nothing is under way.
    pub fn wait(&self) -> Option<(u64, Outcome)> {
        if let Some(completion) = self.completion() {
            return Some(completion);
        }
        let (id, _, is_cancelled) = self.0.borrow().under_way.first().copied()?;
        assert!(is_cancelled, "{id} would never end");
        self.finish(id);
        self.completion()
    }

    /// For tests: the kernel is done with this operation.
    pub fn finish(&self, id: u64) {
        let mut state = self.0.borrow_mut();
        let at = state.under_way.iter().position(|one| one.0 == id).expect("it is under way");
        let (_, _, is_cancelled) = state.under_way.remove(at);
        let outcome = if is_cancelled { Outcome::Cancelled } else { Outcome::Sent };
        state.completions.push_back((id, outcome));
    }

    /// For tests: the ids of the operations that are under way, the oldest first.
    pub fn under_way(&self) -> Vec<u64> {
        self.0.borrow().under_way.iter().map(|one| one.0).collect()
    }

    /// For tests: how often memory was freed that the kernel could still touch.
    pub fn violations(&self) -> usize {
        self.0.borrow().violations
    }
}

/// Memory. It cannot be cloned, and dropping it frees it.
#[derive(Debug)]
pub struct Buffer {
    memory: usize,
    pub bytes: Vec<u8>,
    kernel: Kernel,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut state = self.kernel.0.borrow_mut();
        let is_used = state.under_way.iter().any(|one| one.1 == self.memory);
        state.violations += usize::from(is_used);
    }
}

/// Names an operation. It may be dropped, forgotten, or kept for as long as you like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// Operations with the buffers that they need.
#[derive(Debug)]
pub struct Ring {
    kernel: Kernel,
    /// The buffers of the operations under way, by their ids.
    flights: HashMap<u64, Buffer>,
    last_id: u64,
}

impl Ring {
    pub fn new(kernel: Kernel) -> Self {
        Ring { kernel, flights: HashMap::new(), last_id: 0 }
    }

    /// Begins to send.
    pub fn send(&mut self, buffer: Buffer) -> Ticket {
        self.last_id += 1;
        let id = self.last_id;
        self.kernel.submit(id, &buffer);
        self.flights.insert(id, buffer);
        Ticket(id)
    }

    /// Asks for an operation to end. It may be over already.
    pub fn cancel(&mut self, ticket: Ticket) {
        self.kernel.cancel(ticket.0);
    }

    /// The next completion, if there is one.
    pub fn next(&mut self) -> Option<(Ticket, Outcome, Buffer)> {
        let (id, outcome) = self.kernel.completion()?;
        let buffer = self.flights.remove(&id)?;
        Some((Ticket(id), outcome, buffer))
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        for &id in self.flights.keys() {
            self.kernel.cancel(id);
        }
        while let Some((id, _)) = self.kernel.wait() {
            self.flights.remove(&id);
        }
    }
}
